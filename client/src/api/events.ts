/**
 * One job's server-sent events.
 *
 * A dropped connection is taken up again by the browser itself, which sends `Last-Event-ID`, so
 * nothing is missed. Only when the browser gives up (the service answered with an error, or was
 * restarted) do we open a new stream, and then say so: what happened in between is unknown.
 */
import type { Box } from "../model/box";
import { hasEnded } from "../model/jobs";
import type { Job } from "./types";

export interface FollowHandlers {
  readonly onJob: (job: Job) => void;
  /** Regions whose prediction has just become available. */
  readonly onTiles: (boxes: readonly Box[]) => void;
  /** A new stream was opened without knowing what was missed. */
  readonly onGap: () => void;
  readonly onTrouble: () => void;
}

const REOPEN_AFTER_MS = 2000;

/** Follows the job until it ends or until the returned function is called. */
export function followJob(url: string, handlers: FollowHandlers): () => void {
  let source: EventSource;
  let reopening: ReturnType<typeof setTimeout> | undefined;

  const stop = (): void => {
    clearTimeout(reopening);
    source.close();
  };

  const receiveJob = (event: MessageEvent<string>): void => {
    const job = JSON.parse(event.data) as Job;
    // The service ends the stream after this; an open EventSource would connect again for ever.
    if (hasEnded(job)) stop();
    handlers.onJob(job);
  };

  const receiveTiles = (event: MessageEvent<string>): void => {
    handlers.onTiles((JSON.parse(event.data) as { boxes: Box[] }).boxes);
  };

  const recover = (): void => {
    handlers.onTrouble();
    if (source.readyState !== EventSource.CLOSED) return;
    clearTimeout(reopening);
    reopening = setTimeout(() => open(handlers.onGap), REOPEN_AFTER_MS);
  };

  const open = (onOpen: () => void): void => {
    source = new EventSource(url);
    source.addEventListener("open", onOpen, { once: true });
    source.addEventListener("job", receiveJob);
    source.addEventListener("tiles", receiveTiles);
    source.addEventListener("error", recover);
  };

  open(() => undefined);
  return stop;
}
