/** An HTTP request that has ended. */
export interface EndedRequest {
  /** The method as it was sent. */
  readonly method: string;
  /** The route that matched, as it was registered; undefined: none. */
  readonly route: string | undefined;
  /** The status of the answer; undefined: the client left before there was one. */
  readonly status: number | undefined;
  /** Whether the client left before the answer was complete. */
  readonly isCutOff: boolean;
  /** The version of HTTP, for example `1.1`. */
  readonly version: string;
  readonly scheme: "http" | "https";
  readonly seconds: number;
}

/** An RPC that has ended. */
export interface EndedCall {
  readonly system: "grpc" | "connectrpc";
  /** For example `mintmark.v1.TokenService/Mint`; undefined: there is no such RPC. */
  readonly method: string | undefined;
  /** The status, by its name in `system`'s own spelling; undefined: Connect's success, which has no name. */
  readonly status: string | undefined;
  readonly seconds: number;
}

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
  request(ended: EndedRequest): void;
  call(ended: EndedCall): void;
  storeCall(ended: EndedStoreCall): void;
  signed(signed: Signed): void;
}
