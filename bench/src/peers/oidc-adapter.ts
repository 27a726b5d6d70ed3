/**
 * A store in memory for oidc-provider, of which there is one for each kind of model. Its own forgets all but the last
 * thousand things, so that chains of refreshes break.
 */
export class MemoryAdapter {
  readonly #rows = new Map<string, { consumed?: number }>();

  /** Stores a model. */
  async upsert(id: string, payload: object): Promise<void> {
    this.#rows.set(id, payload);
  }

  /** Finds a model. */
  async find(id: string): Promise<object | undefined> {
    return this.#rows.get(id);
  }

  /** Marks a model as used. */
  async consume(id: string): Promise<void> {
    const row = this.#rows.get(id);
    if (row !== undefined) row.consumed = Math.floor(Date.now() / 1000);
  }

  /** Deletes a model. */
  async destroy(id: string): Promise<void> {
    this.#rows.delete(id);
  }
}
