/** The overlay on the graphics card: tiles are textures, the threshold is a number. */
import { type Rgb, thresholdByte } from "../../model/colour";
import type { GreyTile } from "./greyTile";
import { MOST_LAYERS, type OverlayRenderer, type OverlayStyle, type Quad } from "./renderer";
import { classShader, PROBABILITY_SHADER, VERTEX_SHADER } from "./shaders";

const LUT_UNIT = MOST_LAYERS;

interface Program {
  readonly program: WebGLProgram;
  readonly uniform: (name: string) => WebGLUniformLocation | null;
}

/** Null where the browser or the machine has no WebGL2. */
export function createWebglRenderer(canvas: HTMLCanvasElement): OverlayRenderer | null {
  const gl = canvas.getContext("webgl2", {
    alpha: true,
    premultipliedAlpha: false,
    antialias: false,
    depth: false,
    // The canvas is redrawn only when something changes; what it shows must stay readable.
    preserveDrawingBuffer: true,
  });
  return gl ? new WebglRenderer(gl, canvas) : null;
}

class WebglRenderer implements OverlayRenderer {
  private programs = new Map<string, Program>();
  private textures = new Map<GreyTile, WebGLTexture>();
  private blank: WebGLTexture | null = null;
  private lut: WebGLTexture | null = null;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly canvas: HTMLCanvasElement,
  ) {
    // The card may take the context away at any time; tiles keep their bytes, so all comes back.
    canvas.addEventListener("webglcontextlost", (event) => {
      event.preventDefault();
      this.programs = new Map();
      this.textures = new Map();
      this.blank = null;
      this.lut = null;
    });
  }

  draw(quads: readonly Quad[], style: OverlayStyle): void {
    const { gl, canvas } = this;
    if (gl.isContextLost()) return;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (quads.length === 0) return;
    const program = this.prepare(style);
    for (const quad of quads) this.drawQuad(program, quad);
  }

  forget(tile: GreyTile): void {
    const texture = this.textures.get(tile);
    if (texture) this.gl.deleteTexture(texture);
    this.textures.delete(tile);
  }

  private prepare(style: OverlayStyle): Program {
    const { gl } = this;
    const layers = style.mode === "class" ? Math.min(style.colours.length, MOST_LAYERS) : 1;
    const source = style.mode === "class" ? classShader(layers) : PROBABILITY_SHADER;
    const program = this.programs.get(source) ?? this.compile(source);
    gl.useProgram(program.program);
    const units = Array.from({ length: layers }, (_, unit) => unit);
    gl.uniform1iv(program.uniform("uLayer"), units);
    if (style.mode === "class") {
      const rgba = style.colours.slice(0, layers).flatMap(toUnitRgba);
      gl.uniform4fv(program.uniform("uColour"), rgba);
      gl.uniform1f(program.uniform("uThreshold"), thresholdByte(style.threshold) / 255);
    } else {
      this.bindLut(style.lut);
      gl.uniform1i(program.uniform("uLut"), LUT_UNIT);
    }
    return program;
  }

  private drawQuad({ uniform }: Program, quad: Quad): void {
    const { gl, canvas } = this;
    const clipX = (x: number): number => (2 * x) / canvas.width - 1;
    const clipY = (y: number): number => 1 - (2 * y) / canvas.height;
    gl.uniform4f(
      uniform("uRect"),
      clipX(quad.left),
      clipY(quad.top),
      clipX(quad.right),
      clipY(quad.bottom),
    );
    gl.uniform2f(uniform("uCover"), quad.coverX, quad.coverY);
    quad.layers.slice(0, MOST_LAYERS).forEach((tile, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, this.textureOf(tile));
    });
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  private textureOf(tile: GreyTile | null): WebGLTexture {
    if (!tile?.values) {
      this.blank ??= this.greyTexture(1, 1, new Uint8Array(1));
      return this.blank;
    }
    const known = this.textures.get(tile);
    if (known) return known;
    const texture = this.greyTexture(tile.width, tile.height, tile.values);
    this.textures.set(tile, texture);
    return texture;
  }

  private greyTexture(width: number, height: number, values: Uint8Array): WebGLTexture {
    const { gl } = this;
    const texture = this.newTexture(gl.LINEAR);
    // Rows of single bytes: without this, widths that are no multiple of four would be sheared.
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, width, height, 0, gl.RED, gl.UNSIGNED_BYTE, values);
    return texture;
  }

  private bindLut(lut: Uint8ClampedArray): void {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + LUT_UNIT);
    this.lut ??= this.newTexture(gl.NEAREST);
    gl.bindTexture(gl.TEXTURE_2D, this.lut);
    const bytes = new Uint8Array(lut.buffer);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  }

  private newTexture(filter: number): WebGLTexture {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  }

  private compile(fragmentSource: string): Program {
    const { gl } = this;
    const program = gl.createProgram();
    gl.attachShader(program, this.shader(gl.VERTEX_SHADER, VERTEX_SHADER));
    gl.attachShader(program, this.shader(gl.FRAGMENT_SHADER, fragmentSource));
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error(`overlay shader: ${gl.getProgramInfoLog(program)}`);
    }
    const locations = new Map<string, WebGLUniformLocation | null>();
    const uniform = (name: string): WebGLUniformLocation | null => {
      if (!locations.has(name)) locations.set(name, gl.getUniformLocation(program, name));
      return locations.get(name) ?? null;
    };
    const compiled = { program, uniform };
    this.programs.set(fragmentSource, compiled);
    return compiled;
  }

  private shader(kind: number, source: string): WebGLShader {
    const { gl } = this;
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("overlay shader: the graphics context is lost");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    return shader;
  }
}

function toUnitRgba(colour: Rgb | null): number[] {
  return colour ? [...colour.map((value) => value / 255), 1] : [0, 0, 0, 0];
}
