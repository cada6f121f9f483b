/** Owns how a command about bundles ends: the codes that scripts can trust, and the sentences that people read. */

export enum ExitCode {
  /** It is as the files say, or was. */
  DONE = 0,
  /** It was refused or failed, and nothing was done. */
  REFUSED = 1,
  /** It was only looked, and something would change. */
  WOULD_CHANGE = 2,
  /** It failed after something was done, or may have been. */
  HALFWAY = 3,
}

/** The command ends here; its message is for the operator. */
export class CommandRefusedError extends Error {
  override readonly name = "CommandRefusedError";
  constructor(
    message: string,
    readonly exitCode: ExitCode = ExitCode.REFUSED,
  ) {
    super(message);
  }
}

/** Where a command writes. */
export interface Terminal {
  out(text: string): void;
  error(text: string): void;
}

/** Do a command to its end: what it refuses is told, and what is a surprise is somebody else's to tell. */
export async function ended(terminal: Terminal, command: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await command();
  } catch (error) {
    if (!(error instanceof CommandRefusedError)) throw error;
    terminal.error(`${error.message}\n`);
    return error.exitCode;
  }
}
