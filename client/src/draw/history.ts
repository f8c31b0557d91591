/** What was, what is, and what was undone. A value: no step is ever forgotten but by a new one. */

export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  /** Nearest first. */
  readonly future: readonly T[];
}

export function beginning<T>(present: T): History<T> {
  return { past: [], present, future: [] };
}

/** A new step; what was undone before it is given up. */
export function step<T>({ past, present }: History<T>, next: T): History<T> {
  return { past: [...past, present], present: next, future: [] };
}

/** Another present that is no step of its own, as when something else is selected. */
export function amend<T>(history: History<T>, present: T): History<T> {
  return { ...history, present };
}

/** The same history where there is nothing to undo. */
export function undo<T>(history: History<T>): History<T> {
  const { past, present, future } = history;
  if (past.length === 0) return history;
  const before = past[past.length - 1] as T;
  return { past: past.slice(0, -1), present: before, future: [present, ...future] };
}

export function redo<T>(history: History<T>): History<T> {
  const { past, present, future } = history;
  if (future.length === 0) return history;
  return { past: [...past, present], present: future[0] as T, future: future.slice(1) };
}
