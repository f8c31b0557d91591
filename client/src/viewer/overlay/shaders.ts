/** The overlay's shaders. Probability is interpolated first and thresholded after, so that the
 * class boundary is smooth between pixels and runs where the traced outline runs. */

export const VERTEX_SHADER = `#version 300 es
uniform vec4 uRect;   // left, top, right, bottom in clip space
uniform vec2 uCover;
out vec2 vPosition;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vPosition = corner * uCover;
  gl_Position = vec4(mix(uRect.xy, uRect.zw, corner), 0.0, 1.0);
}`;

/** Samplers cannot be indexed by a variable in GLSL ES 3.00: the loop over layers is written out. */
export function classShader(layers: number): string {
  const indices = Array.from({ length: layers }, (_, index) => index);
  return `#version 300 es
precision highp float;
uniform sampler2D uLayer[${layers}];
uniform vec4 uColour[${layers}];
uniform float uThreshold;   // the smallest byte that is inside, over 255
in vec2 vPosition;
out vec4 colour;
void main() {
  float p;
  float best = 0.0;
  vec4 winner = vec4(0.0);
  ${indices
    .map(
      (i) => `p = texture(uLayer[${i}], vPosition).r;
  if (p > best) { best = p; winner = uColour[${i}]; }`,
    )
    .join("\n  ")}
  // The boundary runs half a byte below the threshold, as the traced outlines do. It is as wide as
  // the probability changes over one screen pixel: antialiasing for nothing.
  float edge = max(fwidth(best), 1.0 / 255.0);
  float inside = clamp((best - uThreshold + 0.5 / 255.0) / edge + 0.5, 0.0, 1.0);
  colour = vec4(winner.rgb, best > 0.0 ? winner.a * inside : 0.0);
}`;
}

export const PROBABILITY_SHADER = `#version 300 es
precision highp float;
uniform sampler2D uLayer[1];
uniform sampler2D uLut;
in vec2 vPosition;
out vec4 colour;
void main() {
  float p = texture(uLayer[0], vPosition).r;
  colour = texelFetch(uLut, ivec2(int(p * 255.0 + 0.5), 0), 0);
}`;
