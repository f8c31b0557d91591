/** Names the parts of `index.html`, which has no words of its own. */
import { LANGUAGE } from "../words/language";
import { LANDMARKS } from "../words/stage";
import { host } from "./app";

export function nameLandmarks(): void {
  document.documentElement.lang = LANGUAGE.tag;
  for (const [id, name] of Object.entries(LANDMARKS)) host(id).setAttribute("aria-label", name);
}
