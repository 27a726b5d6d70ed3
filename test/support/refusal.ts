import { OAuthError, type OAuthErrorCode } from "../../src/engine/errors.ts";

/** How an operation was refused. Fails if it was not, or by anything but an OAuthError. */
export async function refusalOf(operation: Promise<unknown>): Promise<{ code: OAuthErrorCode; message: string }> {
  const error = await operation.then(
    () => new Error("nothing was refused"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof OAuthError)) throw error;
  return { code: error.code, message: error.message };
}
