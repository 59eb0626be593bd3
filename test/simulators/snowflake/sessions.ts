import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import type { SimSession } from "./engine/types.js";
import { errors } from "./errors.js";
import type { ParameterValue } from "./parameters.js";

/** A session as the service knows it. */
export interface Session {
  readonly id: number;
  readonly user: string;
  readonly engine: SimSession;
  /** Session parameters that only clients heed. */
  readonly client: Map<string, ParameterValue>;
  token: string;
  master: string;
  tokenUntil: number;
  masterUntil: number;
  /** Sockets that carried its token and are open. None: its client has vanished, or is idle. */
  readonly sockets: Set<Socket>;
  /** Statements run one after another. */
  tail: Promise<unknown>;
  ended: boolean;
  /** The bind stage of the session was created (connection/bind_uploader.js). */
  bindStage: boolean;
}

export interface Lifetimes {
  /** Seconds. Login answers of the service: 3,600 and 14,400. */
  readonly token: number;
  readonly master: number;
}

export interface Sessions {
  open(engine: SimSession, client: ReadonlyMap<string, ParameterValue>): Session;
  /** The session of a token. Throws 390104, 390111 or 390112. */
  byToken(token: string, socket: Socket): Session;
  /** Whose current token it is. */
  peek(token: string): Session | undefined;
  renew(master: string, old: unknown): Session;
  /** A heartbeat keeps the master token alive (user guide, "Session policies": heartbeats renew it). */
  beat(session: Session): void;
  all(): readonly Session[];
  get(id: number): Session | undefined;
  end(session: Session): Promise<void>;
}

export function sessions(now: () => number, lifetimes: Lifetimes): Sessions {
  const byId = new Map<number, Session>();
  const tokens = new Map<string, Session>();
  const masters = new Map<string, Session>();
  const fresh = (): string => `ver:1-hint:1-${randomBytes(24).toString("base64")}`;
  const grant = (session: Session): void => {
    session.token = fresh();
    session.master = fresh();
    session.tokenUntil = now() + lifetimes.token * 1000;
    session.masterUntil = now() + lifetimes.master * 1000;
    // old tokens stay known: the service says "expired" to them, not "invalid"
    tokens.set(session.token, session);
    masters.set(session.master, session);
  };
  const watch = (session: Session, socket: Socket): void => {
    if (session.sockets.has(socket)) return;
    session.sockets.add(socket);
    socket.once("close", () => session.sockets.delete(socket));
  };
  return {
    open: (engine, client) => {
      const session: Session = {
        id: engine.id,
        user: engine.user,
        engine,
        client: new Map(client),
        token: "",
        master: "",
        tokenUntil: 0,
        masterUntil: 0,
        sockets: new Set(),
        tail: Promise.resolve(),
        ended: false,
        bindStage: false,
      };
      grant(session);
      byId.set(session.id, session);
      return session;
    },
    byToken: (token, socket) => {
      const session = tokens.get(token);
      if (!session) throw errors.sessionInvalid();
      if (session.ended) throw errors.sessionGone();
      watch(session, socket);
      if (token !== session.token || session.tokenUntil <= now()) throw errors.sessionExpired();
      return session;
    },
    peek: (token) => {
      const session = tokens.get(token);
      return session?.token === token && !session.ended ? session : undefined;
    },
    renew: (master, old) => {
      const session = masters.get(master);
      if (!session || session.ended) throw errors.masterInvalid();
      if (master !== session.master || session.masterUntil <= now()) throw errors.masterExpired();
      if (typeof old !== "string" || tokens.get(old) !== session) throw errors.sessionInvalid();
      grant(session);
      return session;
    },
    beat: (session) => {
      session.masterUntil = now() + lifetimes.master * 1000;
    },
    all: () => [...byId.values()],
    get: (id) => byId.get(id),
    end: async (session) => {
      if (session.ended) return;
      session.ended = true;
      byId.delete(session.id);
      await session.engine.close();
    },
  };
}
