/** What reads like English and is for no person: each with why. */
import {
  isBinaryExpression,
  isCallExpression,
  isCaseClause,
  isIdentifier,
  isNewExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isStringLiteral,
  type Node,
  type SourceFile,
  SyntaxKind,
} from "typescript/unstable/ast";

/** By what it is given to: a function, with its owner where only that one's is meant. */
const CALLS: readonly { readonly why: string; readonly to: RegExp }[] = [
  {
    why: "a selector",
    to: /(?:^|\.)(?:closest|matches|querySelector|querySelectorAll)$/,
  },
  { why: "a class of an element", to: /^classList\.(?:add|contains|remove|toggle)$/ },
  { why: "a property of a style", to: /^style\.(?:getPropertyValue|setProperty)$/ },
  { why: "a header of a request, or its value", to: /^headers\.(?:get|set)$/ },
  { why: "a key of the keyboard", to: /^(?:code|key)\.startsWith$|^event\.getModifierState$/ },
  { why: "a part of an address", to: /^numberAt$/ },
  { why: "a variable of a shader", to: /(?:^|\.)uniform$/ },
];

/** By the place in which it stands. */
const PLACES: readonly { readonly why: string; readonly is: (node: Node) => boolean }[] = [
  {
    why: "thrown for developers: it ends in the console",
    is: ({ parent }) =>
      isNewExpression(parent) &&
      /^(?:Error|RangeError|TypeError|UnreachableError)$/.test(nameOf(parent.expression)),
  },
  {
    why: "compared with: the name of a key, an error or a state",
    is: ({ parent }) =>
      isCaseClause(parent) ||
      isOperand(parent, SyntaxKind.EqualsEqualsEqualsToken) ||
      isOperand(parent, SyntaxKind.ExclamationEqualsEqualsToken),
  },
  {
    why: "an attribute that nobody reads, as geometry",
    is: (node) =>
      isCallExpression(node.parent) &&
      calleeOf(node).endsWith(".setAttribute") &&
      node.parent.arguments.some(
        (each) => isStringLiteral(each) && /^(?:class|d|role|transform)$/.test(each.text),
      ),
  },
  {
    why: "a style of an element or of a canvas",
    is: ({ parent }) =>
      isBinaryExpression(parent) &&
      isOperand(parent, SyntaxKind.EqualsToken) &&
      /^style\.|\.(?:className|fillStyle|font|strokeStyle)$/.test(pathOf(parent.left)),
  },
  {
    why: "a style in a template",
    is: ({ parent }) =>
      isPropertyAssignment(parent) && /^"(?:--|aspect-)/.test(parent.name.getText()),
  },
];

/** By its form. */
const FORMS: readonly { readonly why: string; readonly form: RegExp }[] = [
  { why: "a function of CSS", form: /^(?:linear-gradient|rgba?|scale|translate)\(/ },
  { why: "a shader", form: /^#version 300 es\n|^p = texture\(/ },
];

/** One by one, with … for what is put in. */
export const EXCEPTIONS: readonly {
  readonly file: string;
  readonly text: string;
  readonly why: string;
}[] = [
  {
    file: "draw/element.ts",
    text: "Unclassified",
    why: "a class of what is stored, the same in every language",
  },
  { file: "draw/drafts.ts", text: "histoloop …", why: "a database in the browser" },
  { file: "draw/drafts.ts", text: "histoloop draft …", why: "a lock in the browser" },
  { file: "state/addressBar.ts", text: "dataset ", why: "a place, told from others" },
  { file: "state/addressBar.ts", text: "dataset …", why: "a place, told from others" },
  { file: "state/addressBar.ts", text: "slide …", why: "a place, told from others" },
  { file: "state/reducer.ts", text: "loading", why: "the state of a slide's detail" },
  { file: "ui/datasetRegions.ts", text: "tint ignored", why: "two classes of an element" },
  {
    file: "ui/draw/keyboard.ts",
    text: "input:not([type=checkbox], [type=radio], [type=range]), textarea, select",
    why: "a selector",
  },
  { file: "viewer/highlightLayer.ts", text: "… Z", why: "the end of a path in an SVG" },
  { file: "viewer/measureTool.ts", text: "… Z", why: "the end of a path in an SVG" },
];

export function isForMachines(node: Node, text: string, file: SourceFile): boolean {
  return (
    CALLS.some(({ to }) => to.test(calleeOf(node))) ||
    PLACES.some(({ is }) => is(node)) ||
    FORMS.some(({ form }) => form.test(text)) ||
    EXCEPTIONS.some((each) => file.fileName.endsWith(`/${each.file}`) && each.text === text)
  );
}

function isOperand(parent: Node, operator: SyntaxKind): boolean {
  return isBinaryExpression(parent) && parent.operatorToken.kind === operator;
}

/** "classList.add": what is called with it, and what that belongs to. */
function calleeOf({ parent }: Node): string {
  return isCallExpression(parent) ? pathOf(parent.expression) : "";
}

function pathOf(node: Node): string {
  if (!isPropertyAccessExpression(node)) return nameOf(node);
  return `${nameOf(node.expression)}.${node.name.text}`;
}

function nameOf(node: Node): string {
  if (isPropertyAccessExpression(node)) return node.name.text;
  return isIdentifier(node) ? node.text : "";
}
