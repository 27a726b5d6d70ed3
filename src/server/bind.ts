import { type Address, formatAddress } from "../base/address.ts";
import { ConfigError } from "../schema/problems.ts";

/** Why an address cannot be listened on, by the system's code: what an operator can mend. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process has it",
  EACCES: "this process may not listen there",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no such name",
  EAI_AGAIN: "no name server answered",
  EAFNOSUPPORT: "this machine has no such kind of address",
  EINVAL: "the system does not take it",
  EMFILE: "this process has too many open files",
};

const OTHER = "the system does not allow it";

/** What grpc-js says, without a code, of a name that it does not find. */
const UNRESOLVED = "Name resolution failed";

/**
 * Listens on a configured address. Throws a ConfigError that says which setting names it, and why, if it cannot be
 * had.
 */
export async function listening<T>(
  setting: "HTTP" | "RPC" | "OPERATOR" | "MANAGEMENT",
  address: Address,
  listen: (address: Address) => Promise<T>,
): Promise<T> {
  try {
    return await listen(address);
  } catch (error) {
    const code = Object.keys(reasons).find((known) => tells(error, known)) ?? systemCode(error);
    if (code === undefined) throw error;
    const where = `MINTMARK_${setting}_ADDRESS (${setting.toLowerCase()}Address)`;
    throw new ConfigError([
      `${where}: cannot listen on ${formatAddress(address)}: ${reasons[code] ?? OTHER} (${code})`,
    ]);
  }
}

/** grpc-js says the code in words alone. */
function tells(error: unknown, code: string): boolean {
  if (!(error instanceof Error)) return false;
  if (code === "ENOTFOUND" && error.message.startsWith(UNRESOLVED)) return true;
  return "code" in error && typeof error.code === "string" ? error.code === code : error.message.includes(code);
}

/** The code of an error that the operating system made, rather than this program. */
function systemCode(error: unknown): string | undefined {
  const isSystem = error instanceof Error && "syscall" in error && "code" in error;
  return isSystem && typeof error.code === "string" ? error.code : undefined;
}
