/**
 * Long work that leaves room for others, and can be stopped.
 */

/** An `AbortSignal`, or anything that says whether it was aborted. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
}

/** How long the event loop may be kept waiting, in milliseconds: less than a frame. */
const patience = 12;

/** Gives the event loop a turn whenever it has waited for long enough: a page stays alive, and signals arrive. */
export class Breather {
  private last = performance.now();

  /** A promise where it is time for a break, and nothing where it is not: awaiting costs more than asking. */
  due(): Promise<void> | null {
    return performance.now() - this.last < patience ? null : this.breathe();
  }

  private async breathe(): Promise<void> {
    await new Promise<void>((resolve) => {
      // Timers are held back by browsers (to 4 ms when nested); a macrotask of another kind is not.
      if (typeof setImmediate === "function") setImmediate(resolve);
      else {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => {
          channel.port1.close();
          resolve();
        };
        channel.port2.postMessage(null);
      }
    });
    this.last = performance.now();
  }
}

/** The part of Node's `process` that is used here; there is none in a browser. */
interface Interruptible {
  on(event: "SIGINT", listener: () => void): unknown;
  removeListener(event: "SIGINT", listener: () => void): unknown;
}

/**
 * Calls `stop` at the first Ctrl-C, and lets the second one end the program as ever. Gives a function that takes the
 * listening back; where there are no such signals it does nothing.
 */
export function onInterrupt(stop: () => void): () => void {
  const host: unknown = Reflect.get(globalThis, "process");
  if (!isInterruptible(host)) return () => undefined;
  const listener = (): void => {
    host.removeListener("SIGINT", listener);
    stop();
  };
  host.on("SIGINT", listener);
  return () => void host.removeListener("SIGINT", listener);
}

function isInterruptible(host: unknown): host is Interruptible {
  return (
    host !== null &&
    typeof host === "object" &&
    "on" in host &&
    "removeListener" in host &&
    "versions" in host
  );
}
