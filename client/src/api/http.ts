/** JSON over fetch with two kinds of failure: the service said no, or it was not there. */
import { NOTICES } from "../words/notices";
import type { Problem } from "./types";

/** The service answered with a problem document (or with something that is not one). */
export class ProblemError extends Error {
  override readonly name = "ProblemError";

  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** No answer at all: the service is down or the network is. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** An abort is our own doing and never the user's business. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** The version that is to be changed; another one is left as it is. */
  readonly ifMatch?: string;
}

/** So often the service may say that it is busy before anybody is told of it. */
const PATIENCE = 15;

export async function send(url: string, options: RequestOptions = {}): Promise<Response> {
  let response = await fetchOrUnreachable(url, toInit(options));
  for (let turn = 0; turn < PATIENCE && isBusy(response); turn++) {
    await pause(secondsOf(response), options.signal);
    response = await fetchOrUnreachable(url, toInit(options));
  }
  if (response.ok) return response;
  // A reverse proxy in front of a stopped service answers for it; that is "not there" as well.
  // The service itself says with a problem that the archive behind it is away.
  if (!hasProblem(response) && (response.status === 502 || response.status === 504)) {
    throw new UnreachableError(`${response.status} from the proxy`);
  }
  throw new ProblemError(await readProblem(response));
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  const response = await send(url, signal ? { signal } : {});
  return (await response.json()) as T;
}

function hasProblem(response: Response): boolean {
  return response.headers.get("Content-Type")?.includes("problem+json") ?? false;
}

/** Others are before us: nothing was done, and it is worth asking again. */
function isBusy(response: Response): boolean {
  return response.status === 503 && hasProblem(response) && secondsOf(response) > 0;
}

/** How long the service wants to be left alone; 0 where it does not say. */
function secondsOf(response: Response): number {
  return Number(response.headers.get("Retry-After")) || 0;
}

/** A little longer for some, so that not all who were sent away come back at once. */
function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      },
      1000 * seconds * (1 + Math.random() / 2),
    );
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

function toInit({ method = "GET", body, signal, ifMatch }: RequestOptions): RequestInit {
  const init: RequestInit = { method };
  if (signal) init.signal = signal;
  const headers = new Headers();
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    headers.set("Content-Type", "application/json");
  }
  if (ifMatch !== undefined) headers.set("If-Match", `"${ifMatch}"`);
  init.headers = headers;
  return init;
}

async function fetchOrUnreachable(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new UnreachableError(String(error), { cause: error });
  }
}

async function readProblem(response: Response): Promise<Problem> {
  const fallback = NOTICES.answered(response.status, response.statusText);
  try {
    const body = (await response.json()) as Partial<Problem>;
    return {
      title: body.title ?? fallback,
      status: response.status,
      detail: body.detail ?? body.title ?? fallback,
      hint: body.hint ?? null,
    };
  } catch {
    return { title: fallback, status: response.status, detail: fallback, hint: null };
  }
}
