/**
 * Finds English for people in TypeScript: by how it reads, and by what it is given to.
 *
 * It knows no types: what a literal is for is told by its place, by the names around it, and by the
 * tags and attributes of the lit template that it stands in.
 */
import {
  isArrayLiteralExpression,
  isArrowFunction,
  isAsExpression,
  isBinaryExpression,
  isCallExpression,
  isConditionalExpression,
  isExportDeclaration,
  isFunctionDeclaration,
  isIdentifier,
  isImportDeclaration,
  isLiteralTypeNode,
  isMethodDeclaration,
  isNoSubstitutionTemplateLiteral,
  isObjectLiteralExpression,
  isParenthesizedExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isSatisfiesExpression,
  isStringLiteral,
  isTaggedTemplateExpression,
  isTemplateExpression,
  isVariableDeclaration,
  type Node,
  type NodeArray,
  type ParameterDeclaration,
  type SourceFile,
  SyntaxKind,
  type TaggedTemplateExpression,
  type TemplateLiteral,
} from "typescript/unstable/ast";
import { isForMachines } from "./machines";
import { PUT_IN, piecesOf } from "./markup";

export interface Finding {
  /** From 1. */
  readonly line: number;
  /** With … for what is put in. */
  readonly text: string;
}

/** What has such a name is read by people: a variable, a property, a parameter. */
const SPOKEN_NAME = /(?:^|_)(?:caption|detail|hint|label|note|placeholder|text|title|words)s?$/i;
const SPOKEN_SUFFIX = /(?:Caption|Detail|Hint|Label|Note|Text|Title|Words|WORDS|NAMES)s?$/;
/** Functions that say to people what they are given. */
const SPEAKS = /^(?:alert|confirm|fillText|note|onNote|prompt|say|setCustomValidity|toast)$/;
/** Methods that hand on what they are called on. */
const HANDS_ON = /^(?:concat|filter|flat|join|map|replace|trim)$/;
const SPOKEN_PROPERTY = /^(?:alt|ariaLabel|innerText|placeholder|textContent|title)$/;
const SPOKEN_ATTRIBUTE =
  /^(?:alt|aria-(?:description|label|roledescription|valuetext)|label|placeholder|title)$/;

const LETTER = /\p{L}/u;
/** Two words, a capitalised one, one that goes on, or a piece of a sentence. */
const READS =
  /\p{L}[\p{L}\p{N}’'-]*[.,;:!?…)”]*\s+[(“]?[\p{L}\p{N}]|^\p{Lu}\p{Ll}+[.:…]?$|\p{L}…$|^\s+\p{L}+|\p{L}[.,;:]?\s+$/u;

export function englishIn(file: SourceFile): readonly Finding[] {
  return new Reader(file).read();
}

class Reader {
  private readonly found: Finding[] = [];
  private readonly parameters: ReadonlyMap<string, NodeArray<ParameterDeclaration>>;

  constructor(private readonly file: SourceFile) {
    this.parameters = functionsIn(file);
  }

  read(): readonly Finding[] {
    this.visit(this.file, false);
    return this.found;
  }

  /** `spoken`: what the expression comes to is read by people as it stands. */
  private visit(node: Node, spoken: boolean): void {
    if (isImportDeclaration(node) || isExportDeclaration(node) || isLiteralTypeNode(node)) return;
    if (isTaggedTemplateExpression(node)) this.visitTagged(node);
    else if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) {
      this.judge(node, node.text, spoken);
    } else if (isTemplateExpression(node)) {
      this.judge(node, textOf(node), spoken);
      for (const span of node.templateSpans) this.visit(span.expression, spoken);
    } else this.visitParts(node, spoken);
  }

  private visitParts(node: Node, spoken: boolean): void {
    if (isCallExpression(node)) {
      const { expression: callee } = node;
      const handsOn = isPropertyAccessExpression(callee) && HANDS_ON.test(callee.name.text);
      this.visit(callee, spoken && handsOn);
      node.arguments.forEach((each, index) => {
        this.visit(each, this.isSaid(callee, node.arguments, index) && !isArrowFunction(each));
      });
    } else node.forEachChild((child) => this.visit(child, this.isSpoken(node, child, spoken)));
  }

  /** Whether the child of a node is read by people, where the node is or is not. */
  private isSpoken(node: Node, child: Node, spoken: boolean): boolean {
    if (isVariableDeclaration(node)) {
      return child === node.initializer && isIdentifier(node.name) && isSpokenName(node.name.text);
    }
    if (isPropertyAssignment(node)) {
      return child === node.initializer && (spoken || isSpokenName(node.name.getText(this.file)));
    }
    if (isConditionalExpression(node)) return spoken && child !== node.condition;
    if (isPropertyAccessExpression(node)) return spoken && child === node.expression;
    if (isBinaryExpression(node)) return this.isOperandSpoken(node, child, spoken);
    return spoken && isThrough(node);
  }

  private isOperandSpoken(
    { left, right, operatorToken }: { left: Node; right: Node; operatorToken: Node },
    child: Node,
    spoken: boolean,
  ): boolean {
    switch (operatorToken.kind) {
      case SyntaxKind.EqualsToken:
        return (
          child === right &&
          isPropertyAccessExpression(left) &&
          SPOKEN_PROPERTY.test(left.name.text)
        );
      case SyntaxKind.PlusToken:
      case SyntaxKind.QuestionQuestionToken:
      case SyntaxKind.BarBarToken:
        return spoken;
      case SyntaxKind.AmpersandAmpersandToken:
        return spoken && child === right;
      default:
        return false;
    }
  }

  private isSaid(callee: Node, given: NodeArray<Node>, index: number): boolean {
    const name = isPropertyAccessExpression(callee) ? callee.name : callee;
    if (!isIdentifier(name)) return false;
    if (name.text === "setAttribute") {
      const [attribute] = given;
      return index === 1 && attribute && isStringLiteral(attribute)
        ? SPOKEN_ATTRIBUTE.test(attribute.text)
        : false;
    }
    if (SPEAKS.test(name.text)) return true;
    const parameter = this.parameters.get(name.text)?.[index];
    if (!parameter || !isIdentifier(parameter.name)) return false;
    // What is handed on as a name is shown; what is stored as one may be a tool's or a renderer's.
    return parameter.name.text === "name" || isSpokenName(parameter.name.text);
  }

  private visitTagged({ tag, template }: TaggedTemplateExpression): void {
    if (!isIdentifier(tag) || (tag.text !== "html" && tag.text !== "svg")) {
      this.visit(template, false);
      return;
    }
    const spans = isTemplateExpression(template) ? [...template.templateSpans] : [];
    for (const { at, text, attribute } of piecesOf(textOf(template))) {
      const spoken = attribute === null || SPOKEN_ATTRIBUTE.test(attribute);
      // Each piece takes what was put into it.
      const within = spans.splice(0, text.split(PUT_IN).length - 1);
      if (spoken && LETTER.test(text)) this.report(this.positionIn(template, at, text), text);
      for (const { expression } of within) this.visit(expression, spoken);
    }
    // A whole attribute, or the name of one.
    for (const { expression } of spans) this.visit(expression, false);
  }

  /** In the file, of the first letter of a piece; what is put in before it has its own length there. */
  private positionIn(template: TemplateLiteral, at: number, text: string): number {
    const before = textOf(template).slice(0, at + text.search(LETTER));
    const chunk = before.split(PUT_IN);
    return (chunksOf(template)[chunk.length - 1]?.start ?? 0) + 1 + (chunk.at(-1)?.length ?? 0);
  }

  private judge(node: Node, text: string, spoken: boolean): void {
    if (!LETTER.test(text)) return;
    const isEnglish = spoken || READS.test(isTemplateExpression(node) ? withWords(text) : text);
    if (isEnglish && !isForMachines(node, shown(text), this.file)) {
      this.report(node.getStart(this.file), text);
    }
  }

  private report(position: number, text: string): void {
    const { line } = this.file.getLineAndCharacterOfPosition(position);
    this.found.push({ line: line + 1, text: shown(text).replace(/\s+/g, " ").trim() });
  }
}

function isSpokenName(name: string): boolean {
  return SPOKEN_NAME.test(name) || SPOKEN_SUFFIX.test(name);
}

function shown(text: string): string {
  return text.replaceAll(PUT_IN, "…");
}

/** A template as it may come to be: with a word for whatever is put in. */
function withWords(text: string): string {
  return text.replaceAll(PUT_IN, "X");
}

function isThrough(node: Node): boolean {
  return (
    isParenthesizedExpression(node) ||
    isAsExpression(node) ||
    isSatisfiesExpression(node) ||
    isArrayLiteralExpression(node) ||
    isObjectLiteralExpression(node)
  );
}

function textOf(template: TemplateLiteral): string {
  return chunksOf(template)
    .map(({ text }) => text)
    .join(PUT_IN);
}

/** What stands between the things that are put in; `start` is the backtick or brace before it. */
function chunksOf(template: TemplateLiteral): readonly { start: number; text: string }[] {
  const parts = isTemplateExpression(template)
    ? [template.head, ...template.templateSpans.map(({ literal }) => literal)]
    : [template];
  return parts.map((part) => ({ start: part.getStart(), text: part.text }));
}

/** What the functions of a file take, by their names. */
function functionsIn(file: SourceFile): ReadonlyMap<string, NodeArray<ParameterDeclaration>> {
  const known = new Map<string, NodeArray<ParameterDeclaration>>();
  const visit = (node: Node): void => {
    if (isFunctionDeclaration(node) || isMethodDeclaration(node)) {
      if (node.name) known.set(node.name.getText(file), node.parameters);
    } else if (isVariableDeclaration(node)) {
      const { name, initializer: made } = node;
      if (made && isArrowFunction(made)) known.set(name.getText(file), made.parameters);
    }
    node.forEachChild(visit);
  };
  visit(file);
  return known;
}
