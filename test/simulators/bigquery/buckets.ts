import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { errors } from "./errors.js";

/** Cloud Storage, as far as load jobs read it: a folder of this machine for each bucket. */
export interface Buckets {
  put(name: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void>;
  /** The files of an address; one star in the object's name stands for any text ("Wildcard support for Cloud Storage URIs"). */
  find(uri: string): Promise<readonly string[]>;
}

export function buckets(folder: string): Buckets {
  return {
    put: async (name, files) => {
      for (const [object, content] of Object.entries(files)) {
        const path = join(folder, name, ...object.split("/"));
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, content);
      }
    },
    find: async (uri) => {
      const [, bucket, object] = /^gs:\/\/([^/*]+)\/([^*]*\*?[^*]*)$/.exec(uri) ?? [];
      if (bucket === undefined || object === undefined) throw errors.configuration(`Invalid source URI: ${uri}`);
      const root = join(folder, bucket);
      const all = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
      const [before = "", after] = object.split("*");
      const found = all
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) => {
          const name = relative(root, path).split(sep).join("/");
          if (after === undefined) return name === object;
          return name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after);
        });
      if (found.length === 0) throw errors.uri(uri);
      return found.sort();
    },
  };
}
