import type { Command } from "commander";
import { readConfidential } from "../frame/confidential.ts";
import { UsageError } from "../frame/exit.ts";
import type { Io } from "../frame/io.ts";

/** As what a command calls. */
export type Role = "client" | "operator";

/** Who calls. */
export interface CredentialOptions {
  readonly clientId?: string;
  readonly clientSecretFile?: string;
  readonly operatorId?: string;
  readonly operatorSecretFile?: string;
}

/** Adds the options that say who calls. */
export function withCredentials(command: Command, role: Role): Command {
  const prefix = `MINTMARK_${role.toUpperCase()}`;
  return command
    .option(`--${role}-id <id>`, `Id of the calling ${role} (default: ${prefix}_ID)`)
    .option(
      `--${role}-secret-file <path>`,
      `File with the ${role}'s secret, or - for standard input (default: ${prefix}_SECRET, the file in ${prefix}_SECRET_FILE, or a prompt)`,
    );
}

/** The `authorization` of a call: id and secret form-encoded as Basic credentials (RFC 6749 section 2.3.1). */
export async function readCredentials(io: Io, options: CredentialOptions, role: Role): Promise<string> {
  const variable = `MINTMARK_${role.toUpperCase()}`;
  const [given, file] =
    role === "client" ? [options.clientId, options.clientSecretFile] : [options.operatorId, options.operatorSecretFile];
  const id = given ?? io.env[`${variable}_ID`];
  if (!id) throw new UsageError(`The ${role}'s id is required: use --${role}-id or ${variable}_ID.`);
  const what = `secret of the ${role} ${id}`;
  const secret = await readConfidential(io, { what, file, variable: `${variable}_SECRET`, hasFileVariable: true });
  return `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString("base64")}`;
}

function formEncoded(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}
