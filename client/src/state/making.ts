/** Lists to which something is being added: reports, queues. */
import type { Errand } from "../api/review";
import { UNREACHABLE } from "./calls";
import type { Loadable } from "./state";

type List = Loadable<{ readonly making: Errand | null }>;

export function isMaking(list: List | undefined): boolean {
  return list?.status === "ready" && list.value.making?.state === "running";
}

/** A list as it was read again; one that is being added to stays as known while the service is gone. */
export function unlessGone<L extends List>(read: L, known: L | undefined): L {
  const isGone = read.status === "failed" && read.problem.status === UNREACHABLE;
  return isGone && known && isMaking(known) ? known : read;
}
