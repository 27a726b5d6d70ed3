import { Code, ConnectError } from "@connectrpc/connect";
import { OAuthErrorDetailSchema } from "../../../gen/mintmark/v1/error_pb.ts";
import { ServiceRefusedError, ServiceUnavailableError, UsageError } from "../frame/exit.ts";

/** After these the same call may work later. */
const UNAVAILABLE: readonly Code[] = [Code.Unavailable, Code.DeadlineExceeded, Code.Aborted, Code.ResourceExhausted];

/** What Node says of a certificate that it does not trust. */
const UNTRUSTED = /^(?:(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|UNABLE_TO_|CERT_|ERR_TLS_CERT)/;

/** What Node says if one end speaks TLS and the other does not. */
const NOT_TLS = /^(?:ERR_SSL_|EPROTO$|HPE_)/;

/** Without a connection nothing was sent. */
const UNSENT = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/;

/** Whether the answer of a call was lost, or the service cannot say whether it did what was asked. */
export function isLost(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  const [detail] = error.findDetails(OAuthErrorDetailSchema);
  if (detail !== undefined) return detail.error === "temporarily_unavailable";
  const code = systemCode(error) ?? "";
  if ([UNSENT, UNTRUSTED, NOT_TLS].some((pattern) => pattern.test(code))) return false;
  return error.code === Code.Unavailable || error.code === Code.Aborted;
}

/** What becomes of the failure of a call: a refusal in the service's words, or why there was no answer. */
export function serviceError(error: unknown, address: string): Error {
  if (!(error instanceof ConnectError)) return error instanceof Error ? error : new Error(String(error));
  const [detail] = error.findDetails(OAuthErrorDetailSchema);
  if (detail !== undefined) return refusalOf(error.code, detail.error, detail.errorDescription);
  const code = systemCode(error);
  if (code !== undefined && UNTRUSTED.test(code)) {
    return new UsageError(
      `The certificate of ${address} is not trusted (${code}). Use --ca to trust the CA that issued it.`,
    );
  }
  if (code !== undefined && NOT_TLS.test(code)) {
    return new UsageError(`${address} does not speak ${address.startsWith("https") ? "TLS" : "plain HTTP"} (${code}).`);
  }
  if (error.code === Code.DeadlineExceeded) {
    return new ServiceUnavailableError(`${address} did not respond in time. Use --timeout to wait longer.`);
  }
  if (UNAVAILABLE.includes(error.code)) {
    const reason = code === undefined ? "" : ` (${code})`;
    return new ServiceUnavailableError(
      `${address} does not respond${reason}. Use --address or MINTMARK_ADDRESS to specify where the service is.`,
    );
  }
  return new UsageError(
    `${address} is not a mintmark service. Use --address or MINTMARK_ADDRESS to specify its HTTP port, not its RPC port.`,
  );
}

function refusalOf(code: Code, error: string, description: string): Error {
  const message = `${error}: ${description}`;
  if (code === Code.Unimplemented) {
    return new ServiceRefusedError(`${message} The operators' RPCs may have their own address (operatorAddress).`);
  }
  return UNAVAILABLE.includes(code) && error === "temporarily_unavailable"
    ? new ServiceUnavailableError(message)
    : new ServiceRefusedError(message);
}

/** The code of the system's error that is behind one, such as ECONNREFUSED. */
function systemCode(error: unknown): string | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    if ("code" in each && typeof each.code === "string") return each.code;
  }
  return undefined;
}
