import type { EndedStoreCall, Meter, Signed } from "../../src/telemetry/meter.ts";

/** A meter that keeps what it is told. */
export interface RecordingMeter extends Meter {
  readonly storeCalls: EndedStoreCall[];
  readonly signatures: Signed[];
}

export function recordingMeter(): RecordingMeter {
  const storeCalls: EndedStoreCall[] = [];
  const signatures: Signed[] = [];
  return {
    storeCalls,
    signatures,
    storeCall: (ended) => void storeCalls.push(ended),
    signed: (signed) => void signatures.push(signed),
  };
}
