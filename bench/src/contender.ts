import type { Options } from "./options.ts";

/** Something that is measured in turn with others. */
export interface Contender {
  readonly name: string;
  /** Starts it, with all that it needs to be measured. */
  open(options: Options): Promise<OpenContender>;
}

/** A contender that is running. */
export interface OpenContender {
  /** Measures for so many seconds. */
  measure(seconds: number): Promise<number>;
  close(): Promise<void>;
}
