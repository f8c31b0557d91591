/** One value, one way to change it, and whoever wants to know. */

export type Reducer<S, A> = (state: S, action: A) => S;

export class Store<S, A> {
  private readonly listeners = new Set<(state: S) => void>();

  constructor(
    private readonly reducer: Reducer<S, A>,
    private current: S,
  ) {}

  get state(): S {
    return this.current;
  }

  dispatch(action: A): void {
    const next = this.reducer(this.current, action);
    if (next === this.current) return;
    this.current = next;
    for (const listener of this.listeners) listener(next);
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (state: S) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
