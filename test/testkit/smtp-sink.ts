/** Owns a mail server of the tests: it accepts every mail, keeps it, and delivers nothing. */
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface SunkMail {
  /** Recipients of the envelope. */
  to: string[];
  /** Headers and body as they came. */
  source: string;
}

export interface SmtpSink {
  port: number;
  /** In the order in which they came; a mail is here before its sender knows that it was accepted. */
  mails: SunkMail[];
  close(): Promise<void>;
}

/** Listen on this port of the loopback address, or on a free one. Source: RFC 5321, as much as a sender without extensions needs. */
export async function startSmtpSink(port = 0): Promise<SmtpSink> {
  const mails: SunkMail[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // told by the close
    socket.setEncoding("latin1");
    converse(socket, mails);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function converse(socket: Socket, mails: SunkMail[]): void {
  let received = "";
  let to: string[] = [];
  let inData = false;
  const next = (end: string): string | null => {
    const at = received.indexOf(end);
    if (at < 0) return null;
    const text = received.slice(0, at);
    received = received.slice(at + end.length);
    return text;
  };
  const step = (): string | null => {
    const text = next(inData ? "\r\n.\r\n" : "\r\n");
    if (text === null) return null;
    if (inData) {
      inData = false;
      mails.push({ to, source: text.replaceAll("\r\n..", "\r\n.") });
      to = [];
      return "250 kept";
    }
    if (/^RCPT TO:/i.test(text)) to.push(/<([^>]*)>/.exec(text)?.[1]?.toLowerCase() ?? "");
    if (/^RSET/i.test(text)) to = [];
    inData = /^DATA/i.test(text);
    if (inData) return "354 go on";
    return /^QUIT/i.test(text) ? "221 bye" : "250 ok";
  };
  socket.write("220 sink\r\n");
  socket.on("data", (chunk: string) => {
    received += chunk;
    for (let answer = step(); answer !== null; answer = step()) socket.write(`${answer}\r\n`);
  });
}

/** A part of a mail with this content type, decoded. */
export function partOf({ source }: SunkMail, contentType: string): string {
  const [, headers = "", body = ""] = new RegExp(`Content-Type: ${contentType}([^]*?)\\r\\n\\r\\n([^]*?)(?:\\r\\n--|$)`, "i").exec(source) ?? [];
  if (!/quoted-printable/i.test(headers)) return Buffer.from(body, "latin1").toString("utf8");
  const bytes = body.replaceAll(/=\r\n/g, "").replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
