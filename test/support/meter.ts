import type { EndedCall, EndedRequest, EndedStoreCall, Meter, Signed } from "../../src/telemetry/meter.ts";

/** A meter that keeps what it is told. */
export interface RecordingMeter extends Meter {
  readonly requests: EndedRequest[];
  readonly calls: EndedCall[];
  readonly storeCalls: EndedStoreCall[];
  readonly signatures: Signed[];
}

export function recordingMeter(): RecordingMeter {
  const [requests, calls, storeCalls, signatures]: [EndedRequest[], EndedCall[], EndedStoreCall[], Signed[]] = [
    [],
    [],
    [],
    [],
  ];
  return {
    requests,
    calls,
    storeCalls,
    signatures,
    request: (ended) => void requests.push(ended),
    call: (ended) => void calls.push(ended),
    storeCall: (ended) => void storeCalls.push(ended),
    signed: (signed) => void signatures.push(signed),
  };
}
