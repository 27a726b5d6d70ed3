import { readdirSync, readFileSync } from "node:fs";

/** A tick of the CPU time in /proc, in milliseconds. */
const TICK = 10;

/** The memory of a process and of those that it started, in megabytes. It takes Linux. */
export function memoryOf(pid: number): number {
  const kilobytes = family(pid).map((each) => Number(/VmRSS:\s*(\d+)/.exec(read(each, "status"))?.[1] ?? 0));
  return sum(kilobytes) / 1024;
}

/** The CPU time of a process and of those that it started, in milliseconds. It takes Linux. */
export function cpuOf(pid: number): number {
  return sum(
    family(pid).map((each) => {
      const fields = read(each, "stat")
        .replace(/^.*\) /s, "")
        .split(" ");
      return TICK * (Number(fields[11]) + Number(fields[12]));
    }),
  );
}

/** A process and its children. */
function family(pid: number): readonly number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const children = tasks.flatMap((task) => read(pid, `task/${task}/children`).split(" ").filter(Boolean).map(Number));
  return [pid, ...children];
}

function read(pid: number, name: string): string {
  return readFileSync(`/proc/${pid}/${name}`, "utf8");
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
