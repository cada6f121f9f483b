/** Owns the network between a service and its PostgreSQL server, for tests that take it away: refused, or swallowed without a word. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface PostgresProxy {
  /** The server's URL, through here. */
  url: string;
  /**
   * `pass`    forward everything, also what was swallowed.
   * `refuse`  end every connection and every new one at once, as a server does that is not running.
   * `swallow` accept connections and forward nothing, as a network does that drops packets.
   */
  behave(behaviour: "pass" | "refuse" | "swallow"): void;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** What becomes of the server's words on their way. */
  fromServer?: (chunk: Buffer) => Buffer;
}

export async function startPostgresProxy(serverUrl: string, { fromServer = (chunk) => chunk }: ProxyOptions = {}): Promise<PostgresProxy> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let behaviour: "pass" | "refuse" | "swallow" = "pass";
  const server = createServer((near) => {
    if (behaviour === "refuse") return void near.destroy();
    const far = connect(Number(target.port || 5432), target.hostname);
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      sockets.add(socket);
      socket.on("error", () => {}); // both ends are told by the close
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.on("data", (chunk: Buffer) => other.write(socket === far ? fromServer(chunk) : chunk));
      if (behaviour === "swallow") socket.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const own = new URL(serverUrl);
  own.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: own.href,
    behave(now) {
      behaviour = now;
      for (const socket of sockets) {
        if (now === "refuse") socket.destroy();
        else if (now === "swallow") socket.pause();
        else socket.resume();
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
