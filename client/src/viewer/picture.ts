/** The view as a picture file: slide, overlays and scale bar as they are on the screen. */

/** All canvases of the stage in the order in which they lie over each other. */
export async function pictureOf(stage: HTMLElement): Promise<Blob> {
  const ratio = globalThis.devicePixelRatio || 1;
  const whole = stage.getBoundingClientRect();
  const picture = new OffscreenCanvas(whole.width * ratio, whole.height * ratio);
  const context = picture.getContext("2d");
  if (!context) throw new Error("this browser has no 2D canvas");
  context.scale(ratio, ratio);
  context.fillStyle = getComputedStyle(stage).backgroundColor;
  context.fillRect(0, 0, whole.width, whole.height);
  const divider = stage.dataset.comparison === "swipe" ? dividerOf(stage) * whole.width : null;
  for (const canvas of stage.querySelectorAll("canvas")) {
    if (!canvas.closest(".navigator")) drawCanvas(context, canvas, whole, divider);
  }
  drawScaleBar(context, stage, whole);
  return picture.convertToBlob({ type: "image/png" });
}

export function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

type Context = OffscreenCanvasRenderingContext2D;

function drawCanvas(
  context: Context,
  canvas: HTMLCanvasElement,
  whole: DOMRect,
  divider: number | null,
): void {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  if (canvas.width === 0 || width === 0) return;
  context.save();
  context.globalAlpha = Number(getComputedStyle(canvas).opacity);
  const side = canvas.closest(".prediction");
  if (divider !== null && side) {
    const isOther = side.classList.contains("other");
    context.beginPath();
    context.rect(isOther ? divider : 0, 0, isOther ? whole.width : divider, whole.height);
    context.clip();
  }
  context.drawImage(canvas, left - whole.left, top - whole.top, width, height);
  context.restore();
}

function dividerOf(stage: HTMLElement): number {
  return Number.parseFloat(stage.style.getPropertyValue("--divider")) / 100;
}

function drawScaleBar(context: Context, stage: HTMLElement, whole: DOMRect): void {
  const bar = stage.querySelector<HTMLElement>(".scale-bar");
  if (!bar || bar.hidden) return;
  const { left, right, bottom } = bar.getBoundingClientRect();
  const [x, end, y] = [left - whole.left, right - whole.left, bottom - whole.top];
  context.fillStyle = "rgb(28 29 31 / 82%)";
  context.fillRect(x - 10, y - 26, end - x + 20, 34);
  context.strokeStyle = "#fff";
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, y - 8);
  context.lineTo(x, y);
  context.lineTo(end, y);
  context.lineTo(end, y - 8);
  context.stroke();
  context.fillStyle = "#fff";
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillText(bar.textContent ?? "", (x + end) / 2, y - 8);
}
