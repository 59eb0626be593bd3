import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Outgoing } from "../shared/http.js";
import { nothing, readBody } from "./http.js";
import { insert, loadOf } from "./job-routes.js";
import { type Multipart, multipart, type Upload, uploads } from "./uploads.js";
import type { Incoming, World } from "./world.js";

/** A request that brings a file: what it says of its job is known before the file is read. */
export interface Arriving {
  readonly text: string;
  /** Reads the file, starts the job, answers. `cut`: the connection is closed after so many bytes of the file. */
  answer(call: Incoming, cut: number | undefined): Promise<Outgoing>;
}

export interface UploadRoutes {
  arrive(endpoint: "upload" | "upload.start" | "upload.chunk", call: Omit<Incoming, "text" | "twist">): Promise<Arriving>;
}

export function uploadRoutes(folder: string, url: () => string, world: World): UploadRoutes {
  const files = join(folder, "uploads");
  const sessions = uploads(files);
  /** A file without a job is nobody's; that of a job goes when the job is done. */
  const start = async (call: Incoming, path: string): Promise<Outgoing> => {
    try {
      return await insert(call, world, path);
    } catch (e) {
      await rm(path, { force: true });
      throw e;
    }
  };
  const whole = (parts: Multipart): Arriving => ({
    text: parts.metadata,
    answer: async (call, cut) => start(call, await parts.receive(files, world.counter.uploaded, cut)),
  });
  const session = (text: string): Arriving => ({
    text,
    answer: async (call) => {
      loadOf(call, world);
      const { id } = await sessions.begin(call.user, text);
      const path = `/upload/bigquery/v2/projects/${call.route.project}/jobs`;
      const headers = { location: `${url()}${path}?uploadType=resumable&upload_id=${id}`, "x-guploader-uploadid": id };
      return { ...nothing, status: 200, headers };
    },
  });
  const chunk = (upload: Upload): Arriving => ({
    text: upload.metadata,
    answer: async (call) => {
      if (upload.answer) return upload.answer;
      if (!(await sessions.store(upload, call.req, world.counter.uploaded))) return incomplete(upload.have);
      upload.answer = await start(call, upload.path);
      return upload.answer;
    },
  });
  return {
    arrive: async (endpoint, call) => {
      if (endpoint === "upload") return whole(await multipart(call.req));
      if (endpoint === "upload.chunk") return chunk(sessions.find(call.query.get("upload_id") ?? "", call.user));
      const { text, bytes } = await readBody(call.req, world.bodyBytes);
      world.counter.received(bytes);
      return session(text);
    },
  };
}

/** "API uploads": 308 with the range that is stored; without one nothing is. */
const incomplete = (have: number): Outgoing => ({
  ...nothing,
  status: 308,
  ...(have > 0 && { headers: { range: `bytes=0-${have - 1}` } }),
});
