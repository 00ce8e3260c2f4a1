// `atoll serve` over a home of its own: started, killed, started again on the same port; and its API by a token.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

async function freePort() {
  return new Promise((resolve) => {
    const socket = createServer();
    socket.listen(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

export class Server {
  // `more`: further words of `atoll init` and `atoll serve`.
  constructor(program, folder, more = {}) {
    this.program = program;
    this.more = { init: [], serve: [], ...more };
    this.folder = folder;
    this.env = { PATH: process.env.PATH, LC_ALL: "C.UTF-8", HOME: join(folder, "user"), ATOLL_HOME: join(folder, "home"),
                 XDG_CONFIG_HOME: join(folder, "config"), XDG_DATA_HOME: join(folder, "data") };
    this.errors = "";
  }

  run(...words) {
    const done = spawnSync(this.program, words, { env: this.env, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`atoll ${words.join(" ")}: ${done.status}\n${done.stderr}`);
    return done.stdout;
  }

  async begin() {
    mkdirSync(join(this.folder, "user"), { recursive: true });
    this.run("init", ...this.more.init);
    this.port = await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    await this.start();
    this.password = /password\s+(\S+)/.exec(this.out)[1];
    this.token = /token\s+(\S+)/.exec(this.out)[1];
  }

  // In place of the one that the first start printed, which serves to set another.
  async choosePassword() {
    this.password = "a lantern in the harbour";
    await this.api("PUT", "/users/admin/password", { password: this.password });
  }

  // Until it is ready, or `locked`.
  async start(state = "ready") {
    this.out = "";
    this.child = spawn(this.program, ["serve", "--listen", `127.0.0.1:${this.port}`, ...this.more.serve], { env: this.env });
    this.child.stdout.on("data", (text) => (this.out += text));
    this.child.stderr.on("data", (text) => (this.errors = (this.errors + text).slice(-20_000)));
    for (let i = 0; i < 600; i++) {
      try {
        const answer = await fetch(this.url + "/readyz");
        if (state === "ready" ? answer.ok : (await answer.text()).trim() === state) return;
      } catch {
        // Not listening yet.
      }
      if (this.child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("the server did not start: " + this.errors);
  }

  async kill() {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGKILL");
    await ended;
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    await ended;
  }

  async api(method, path, body, headers = {}) {
    const isText = typeof body === "string" || Buffer.isBuffer(body);
    const answer = await fetch(this.url + "/api/v1" + path, { method, headers: { Authorization: `Bearer ${this.token}`,
      ...(body !== undefined && !isText ? { "Content-Type": "application/json" } : {}), ...headers }, body: body === undefined || isText ? body : JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    const text = await answer.text();
    return text.startsWith("{") ? JSON.parse(text) : text;
  }
}
