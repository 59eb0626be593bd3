import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readFile, rename, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname, join, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import type { PutTarget } from "./engine/types.js";

/**
 * A stage as the driver reaches it: object storage of Google's kind with a token for one folder (file_transfer_agent/gcs_util.js, "token
 * mode"), because that is the one kind for which the driver takes an address with http. The service's own local kind (LOCAL_FS) is refused
 * by real accounts, cannot take streams, and makes the driver change the process's umask.
 */
export interface Grants {
  /** The answer to a PUT or GET statement; the driver then moves the files itself. */
  grant(target: PutTarget, sources: readonly string[], base: string): Record<string, unknown>;
  /** A request to the storage. Bytes of files are reported as they move. */
  serve(path: string, req: IncomingMessage, res: ServerResponse, moved: Moved): Promise<void>;
}

export interface Moved {
  up(bytes: number): void;
  down(bytes: number): void;
}

interface Grant {
  readonly directory: string;
  readonly token: string;
}

export function grants(): Grants {
  const folders = new Map<string, Grant>();
  return {
    grant: (target, sources, base) => {
      const folder = randomBytes(8).toString("hex");
      const token = randomBytes(24).toString("base64url");
      folders.set(folder, { directory: resolve(target.directory), token });
      const stageInfo = {
        locationType: "GCS",
        location: `${folder}/`,
        path: `${folder}/`,
        region: "us-central1",
        storageAccount: null,
        // as a stage with ENCRYPTION = (TYPE = 'SNOWFLAKE_SSE'): the service encrypts, not the driver
        isClientSideEncrypted: false,
        creds: { GCS_ACCESS_TOKEN: token },
        presignedUrl: null,
        endPoint: `${base}/storage`,
        useRegionalUrl: false,
        useVirtualUrl: false,
      };
      return target.command === "UPLOAD"
        ? {
            command: "UPLOAD",
            src_locations: sources,
            autoCompress: target.compress,
            sourceCompression: target.sourceCompression.toLowerCase(),
            overwrite: target.overwrite,
            parallel: target.parallel,
            threshold: 209_715_200,
            clientShowEncryptionParameter: true,
            encryptionMaterial: null,
            stageInfo,
          }
        : {
            command: "DOWNLOAD",
            src_locations: target.stageFiles ?? [],
            localLocation: target.files,
            parallel: target.parallel,
            encryptionMaterial: [],
            presignedUrls: [],
            stageInfo,
          };
    },
    serve: async (path, req, res, moved) => {
      const [, folder = "", ...names] = path.split("/").map(decodeURIComponent);
      const grant = folders.get(folder);
      const file = grant && join(grant.directory, ...names);
      if (!grant || !file?.startsWith(grant.directory + sep)) return refuse(req, res, 404);
      if (req.headers.authorization !== `Bearer ${grant.token}`) return refuse(req, res, 401);
      if (req.method === "PUT") {
        const part = `${file}.${randomBytes(4).toString("hex")}.part`;
        await mkdir(dirname(file), { recursive: true });
        req.on("data", (piece: Buffer) => moved.up(piece.length));
        await pipeline(req, createWriteStream(part));
        // a file appears whole or not at all, as objects in storage do
        await rename(part, file);
        res.writeHead(200).end();
        return;
      }
      const size = await stat(file).then(
        (s) => s.size,
        () => undefined,
      );
      if (size === undefined) return refuse(req, res, 404);
      const digest = createHash("sha256")
        .update(await readFile(file))
        .digest("base64");
      res.writeHead(200, { "content-length": size, "x-goog-meta-sfc-digest": digest });
      if (req.method === "HEAD") return void res.end();
      await pipeline(createReadStream(file), res);
      moved.down(size);
    },
  };
}

function refuse(req: IncomingMessage, res: ServerResponse, status: number): void {
  req.resume();
  res.writeHead(status).end();
}
