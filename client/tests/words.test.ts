/** What people read and hear stands in `src/words`, once, and nowhere else. */
import {
  isAsExpression,
  isImportDeclaration,
  isLiteralTypeNode,
  isNoSubstitutionTemplateLiteral,
  isObjectLiteralExpression,
  isPropertyAssignment,
  isShorthandPropertyAssignment,
  isStringLiteral,
  isVariableStatement,
  type Node,
  type SourceFile,
} from "typescript/unstable/ast";
import { describe, expect, it } from "vitest";
import { englishIn } from "./words/english";
import { EXCEPTIONS } from "./words/machines";
import sample from "./words/sample.txt?raw";
import { parsed } from "./words/sources";

const HOME = "src/words/";

/** One text with two meanings: in another language it may be two. */
const HOMONYMS: Readonly<Record<string, string>> = {
  Queue: "of jobs; of regions to review",
  Training: "a split of a data set; what a job does",
  region: "counted; of a run that saw no more than that",
  slide: "counted; in the name of a file",
};

const sources = parsed(
  Object.fromEntries(
    Object.entries(
      import.meta.glob<string>("../src/**/*.ts", { query: "?raw", import: "default", eager: true }),
    ).map(([path, text]) => [path.replace("../", ""), text]),
  ),
);
const home = sources.filter((file) => pathOf(file).startsWith(HOME));
const others = sources.filter((file) => !home.includes(file));

describe("the words of the viewer", () => {
  it("stand in no other folder", () => {
    const found = others.flatMap((file) =>
      englishIn(file).map(({ line, text }) => `${pathOf(file)}:${line}: ${text}`),
    );
    expect(found).toEqual([]);
  });

  it("stand there once", () => {
    const places = new Map<string, string[]>();
    for (const file of home.filter((each) => pathOf(each) !== `${HOME}language.ts`)) {
      for (const node of literalsIn(file)) {
        const text = node.text.trim();
        if (/\p{L}/u.test(text))
          places.set(text, [...(places.get(text) ?? []), placeOf(node, file)]);
      }
    }
    const twice = [...places].filter(([text, at]) => at.length > 1 && !(text in HOMONYMS));
    expect(twice).toEqual([]);
  });

  it("are all in use", () => {
    const used = sources.map(({ text }) => text).join("\n");
    const idle = home.flatMap((file) =>
      entriesIn(file)
        .filter((entry) => !new RegExp(`\\.${entry}\\b`).test(used))
        .map((entry) => `${pathOf(file)}: ${entry}`),
    );
    expect(idle).toEqual([]);
  });

  it("need nothing of the viewer but its types", () => {
    const needed = home.flatMap((file) =>
      importsOf(file).filter(
        (each) => !each.startsWith("import type ") && !/ from "\.\/\w+";$/.test(each),
      ),
    );
    expect(needed).toEqual([]);
  });
});

describe("English elsewhere", () => {
  it("is found wherever it stands, and nothing else is", () => {
    const marked = sample
      .split("\n")
      .flatMap((line, index) =>
        [...line.matchAll(/\/\*=> (.*?) \*\//g)].map(([, text]) => `${index + 1}: ${text}`),
      );
    const found = parsed({ "src/ui/sample.ts": sample }).flatMap(englishIn);
    expect(marked.length).toBeGreaterThan(0);
    expect(found.map(({ line, text }) => `${line}: ${text}`)).toEqual(marked);
  });

  it("is excepted only where it is", () => {
    const texts = new Map(sources.map((file) => [pathOf(file), file.text]));
    const idle = EXCEPTIONS.filter(
      ({ file, text }) =>
        !text.split("…").every((part) => texts.get(`src/${file}`)?.includes(part)),
    );
    expect(idle).toEqual([]);
  });
});

function pathOf({ fileName }: SourceFile): string {
  return fileName.slice(1);
}

function placeOf(node: Node, file: SourceFile): string {
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return `${pathOf(file)}:${line + 1}`;
}

function literalsIn(file: SourceFile): readonly (Node & { readonly text: string })[] {
  const found: (Node & { readonly text: string })[] = [];
  const visit = (node: Node): void => {
    if (isImportDeclaration(node) || isLiteralTypeNode(node)) return;
    const isLiteral = isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node);
    if (isLiteral) found.push(node);
    else node.forEachChild(visit);
  };
  visit(file);
  return found;
}

/** The entries of the constants; a table by names of the service's or the page's has none. */
function entriesIn(file: SourceFile): readonly string[] {
  return file.statements.filter(isVariableStatement).flatMap(({ declarationList }) =>
    declarationList.declarations.flatMap(({ type, initializer: made }) => {
      if (type || !made || !isAsExpression(made) || !isObjectLiteralExpression(made.expression)) {
        return [];
      }
      return made.expression.properties.flatMap((each) =>
        isPropertyAssignment(each) || isShorthandPropertyAssignment(each)
          ? each.name.getText(file)
          : [],
      );
    }),
  );
}

function importsOf(file: SourceFile): readonly string[] {
  return file.statements.filter(isImportDeclaration).map((each) => each.getText(file));
}
