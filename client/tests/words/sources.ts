/** Sources as syntax trees, by the TypeScript compiler. */
import type { SourceFile } from "typescript/unstable/ast";
import { createVirtualFileSystem } from "typescript/unstable/fs";
import { API } from "typescript/unstable/sync";

const CONFIG = JSON.stringify({
  compilerOptions: { noLib: true, noResolve: true, types: [] },
  include: ["**/*.ts"],
});

/** Parses texts by their path; nothing is looked for on the disk. */
export function parsed(texts: Readonly<Record<string, string>>): readonly SourceFile[] {
  const paths = Object.keys(texts).map((path) => `/${path}`);
  const files = Object.fromEntries(Object.entries(texts).map(([path, text]) => [`/${path}`, text]));
  const api = new API({ fs: createVirtualFileSystem({ "/tsconfig.json": CONFIG, ...files }) });
  try {
    const project = api.updateSnapshot({ openProjects: ["/tsconfig.json"] }).getProjects()[0];
    return paths.map((path) => {
      const file = project?.program.getSourceFile(path);
      if (!file) throw new Error(`${path} was not parsed`);
      return file;
    });
  } finally {
    api.close();
  }
}
