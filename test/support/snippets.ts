import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** A fenced block of a Markdown page. */
export interface Block {
  /** What follows the fence, for example `sh` or `json access_token`. */
  readonly info: string;
  readonly text: string;
  /** The section that it stands in: the last heading of level 1 or 2 before it. */
  readonly section: string;
  /** Where its fence is, from 1. */
  readonly line: number;
}

/** A row of a table of a Markdown page: the cells' text by the table's headers. */
export type Row = Readonly<Record<string, string>>;

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let section = "";
  let open: { readonly info: string; readonly line: number; readonly lines: string[] } | undefined;
  for (const [index, line] of page.split("\n").entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (open === undefined) {
      section = /^##? (.*)$/.exec(line)?.[1] ?? section;
      if (fence) open = { info: (fence[1] ?? "").trim(), line: index + 1, lines: [] };
    } else if (fence) {
      blocks.push({ info: open.info, text: open.lines.join("\n"), section, line: open.line });
      open = undefined;
    } else open.lines.push(line);
  }
  if (open !== undefined) throw new Error(`The block at line ${open.line} has no end.`);
  return blocks;
}

/** The rows of all tables of a page that have that header. */
export function rowsOf(page: string, header: string): readonly Row[] {
  const rows: Row[] = [];
  let headers: readonly string[] | undefined;
  for (const line of page.split("\n")) {
    const cells = cellsOf(line);
    if (cells === undefined) headers = undefined;
    else if (headers === undefined) headers = cells;
    else if (headers.includes(header) && !cells.every((cell) => /^:?-+:?$/.test(cell))) {
      rows.push(Object.fromEntries(headers.map((name, index) => [name, cells[index] ?? ""])));
    }
  }
  return rows;
}

/** The cells of a line that is a row; `\|` stands for a bar. */
function cellsOf(line: string): readonly string[] | undefined {
  const row = /^\|(.*)\|\s*$/.exec(line)?.[1];
  return row?.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** What `code` holds between its backticks; other text as it is. */
export function plain(cell: string): string {
  return cell.replace(/^`([^`]*)`$/, "$1");
}

/** What stands between the outputs of two snippets. */
const MARK = "\u001e";

/**
 * Has every answer end its line, so that several can be told apart, and a refusal end the script; no proxy stands
 * between two ports of one machine.
 */
const CURL = "curl() { command curl -q --noproxy '*' --fail-with-body -w '\\n' \"$@\"; }";

/**
 * Runs snippets one after the other in one bash, so that a variable that one sets is there for the next, and gives the
 * lines that each writes; every answer that curl gets is one. Throws if a snippet fails. `timeout`: in milliseconds, for all.
 */
export async function runSnippets(
  snippets: readonly string[],
  env: Readonly<Record<string, string>>,
  timeout = 15_000,
): Promise<readonly (readonly string[])[]> {
  const script = [CURL, ...snippets.map((snippet) => `${snippet}\nprintf '\\036'`)].join("\n");
  const bash = spawn("bash", ["--noprofile", "--norc", "-euo", "pipefail", "-c", script], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout,
  });
  const exit = new Promise<number | null>((resolve, reject) => bash.on("error", reject).on("close", resolve));
  const [output, complaint, code] = await Promise.all([text(bash.stdout), text(bash.stderr), exit]);
  const outputs = output.split(MARK);
  const failed = snippets[outputs.length - 1];
  if (code !== 0 || failed !== undefined) {
    throw new Error(`This failed (${code}):\n${failed}\n${outputs.at(-1)}${complaint}`);
  }
  return outputs.slice(0, -1).map((written) => written.split("\n").filter((line) => line.trim() !== ""));
}
