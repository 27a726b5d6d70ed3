/** A call of the store that has ended. */
export interface EndedStoreCall {
  readonly store: string;
  /** For example `families.advance`. */
  readonly operation: string;
  /** `unavailable`: the store gave no answer. */
  readonly outcome: "ok" | "unavailable" | "error";
  readonly seconds: number;
}

/** A signature that was made. */
export interface Signed {
  readonly algorithm: string;
  readonly seconds: number;
}

/** Takes measurements. Its methods never throw: nothing fails because it could not be measured. */
export interface Meter {
  storeCall(ended: EndedStoreCall): void;
  signed(signed: Signed): void;
}
