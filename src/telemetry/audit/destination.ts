/** Something that lines are appended to. */
export interface Destination {
  /** Whether its last line was not written whole. */
  readonly isTorn: boolean;
  /** Appends as many of the bytes as it can, and resolves to their number. */
  write(bytes: Uint8Array): Promise<number>;
  /** Resolves once all that was written survives a crash of the machine. */
  sync(): Promise<void>;
  close(): Promise<void>;
  /** Whether nobody can find what is written from now on; absent: that cannot happen. */
  isGone?(): Promise<boolean>;
}

/** Opens a destination. It is opened anew after every failure. */
export type OpenDestination = () => Promise<Destination>;
