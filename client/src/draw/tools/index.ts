/** Each tool by its name. */
import type { ToolName } from "../state";
import {
  AcceptTool,
  BoxTool,
  BrushTool,
  LassoTool,
  PointTool,
  PolygonTool,
  SplitTool,
} from "./areas";
import { SelectTool } from "./select";
import type { Bench, Tool } from "./tool";

export function makeTool(name: ToolName, bench: Bench): Tool | null {
  switch (name) {
    case "pan":
      return null;
    case "select":
      return new SelectTool(bench);
    case "polygon":
      return new PolygonTool(bench);
    case "lasso":
      return new LassoTool(bench);
    case "brush":
    case "eraser":
      return new BrushTool(bench, name === "eraser");
    case "rectangle":
    case "ellipse":
      return new BoxTool(bench, name);
    case "point":
      return new PointTool(bench);
    case "split":
      return new SplitTool(bench);
    case "accept":
      return new AcceptTool(bench);
  }
}
