/** Options of the program itself, which are valid without a command. */
const ABOUT_THE_PROGRAM = ["-h", "--help", "-V", "--version"];

/** The same command line with a command: `serve`, if it names none. */
export function withCommand(argv: readonly string[]): readonly string[] {
  const [first] = argv;
  const namesNone = first === undefined || (first.startsWith("-") && !ABOUT_THE_PROGRAM.includes(first));
  return namesNone ? ["serve", ...argv] : argv;
}
