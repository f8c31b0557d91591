/** A function that runs once its calls have paused. */

export interface Debounced<A extends unknown[]> {
  (...args: A): void;
  cancel(): void;
  /** Runs what is waiting, if anything is. */
  flush(): void;
}

export function debounce<A extends unknown[]>(
  run: (...args: A) => void,
  pause: number,
): Debounced<A> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiting: A | null = null;
  const fire = (): void => {
    clearTimeout(timer);
    const args = waiting;
    waiting = null;
    if (args) run(...args);
  };
  const call = (...args: A): void => {
    waiting = args;
    clearTimeout(timer);
    timer = setTimeout(fire, pause);
  };
  return Object.assign(call, {
    cancel: () => {
      clearTimeout(timer);
      waiting = null;
    },
    flush: fire,
  });
}
