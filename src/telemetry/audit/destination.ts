/** Something that lines are appended to. */
export interface Destination {
  /** Whether its last line was not written whole. */
  readonly isTorn: boolean;
  /** Appends as many of the bytes as it can, and resolves to their number. */
  write(bytes: Uint8Array): Promise<number>;
  /** Resolves once all that was written survives a crash of the machine. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a destination. It is opened anew after every failure. */
export type OpenDestination = () => Promise<Destination>;
