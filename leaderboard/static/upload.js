/* Sends the chosen archive in pieces, with progress, pause and resume. Without it the form's plain file field works. */
"use strict";

(() => {
  const place = document.getElementById("upload");
  const chooser = place && document.getElementById(place.dataset.file);
  if (!chooser) return;

  const form = chooser.form;
  const button = make("button", { type: "button", className: "quiet", hidden: true });
  const bar = make("progress", { max: 1, value: 0, hidden: true });
  const said = make("p", { className: "hint" });
  bar.setAttribute("aria-label", "Archive sent");
  said.setAttribute("role", "status");
  place.append(button, " ", bar, said);

  let isRunning = false;
  let wantsPause = false;

  chooser.addEventListener("change", () => {
    button.hidden = !chooser.files.length;
    button.textContent = "Send it now, in pieces";
    say(chooser.files.length ? "Or go on: it is sent with the form." : "");
  });

  button.addEventListener("click", async () => {
    if (isRunning) {
      wantsPause = true;
      return;
    }
    isRunning = true;
    wantsPause = false;
    button.textContent = "Pause";
    bar.hidden = false;
    try {
      const file = chooser.files[0];
      const upload = await begun(file, await checksum(file));
      if (await sent(file, upload)) done(file, upload.id);
    } catch (error) {
      say(`${error.message} Resume to go on from there.`);
    }
    isRunning = false;
    button.textContent = "Resume";
  });

  async function checksum(file) {
    if (chooser.sum && chooser.sum.file === file) return chooser.sum.hex;
    const hash = new Sha256();
    const step = 4 << 20;
    for (let start = 0; start < file.size; start += step) {
      hash.update(new Uint8Array(await file.slice(start, start + step).arrayBuffer()));
      bar.value = Math.min(1, (start + step) / file.size);
      if (start % (step * 16) === 0) say(`Reading its checksum: ${percent(start / file.size)}`);
    }
    chooser.sum = { file, hex: hash.hex() };
    return chooser.sum.hex;
  }

  async function begun(file, sha256) {
    const mine = (await ask("GET", "?page_size=100")).results;
    const same = (one) => one.team === place.dataset.team && one.sha256 === sha256 && one.size_bytes === file.size;
    const open = mine.find((one) => same(one) && one.state === "open");
    if (open) return open;
    const body = JSON.stringify({ team: place.dataset.team, name: file.name, size_bytes: file.size, sha256 });
    return ask("POST", "", body, { "Content-Type": "application/json" });
  }

  async function sent(file, upload) {
    let here = upload.received_bytes;
    let failures = 0;
    while (here < file.size) {
      bar.value = here / file.size;
      say(`Sent ${size(here)} of ${size(file.size)}, ${percent(here / file.size)}`);
      if (wantsPause) {
        say(`Paused at ${size(here)} of ${size(file.size)}.`);
        return false;
      }
      const piece = file.slice(here, here + Number(place.dataset.piece));
      const headers = { "Content-Type": "application/octet-stream", "Upload-Offset": String(here) };
      try {
        here = (await ask("PATCH", `${upload.id}/`, piece, headers)).received_bytes;
        failures = 0;
      } catch (error) {
        if (error.isFinal || ++failures > 5) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1000 * failures));
        here = (await ask("GET", `${upload.id}/`)).received_bytes;
      }
    }
    bar.value = 1;
    return true;
  }

  function done(file, id) {
    const hidden = make("input", { type: "hidden", name: "upload", value: id });
    const select = form.querySelector("select[name=upload]");
    if (select) select.remove();
    form.querySelectorAll("input[type=hidden][name=upload]").forEach((old) => old.remove());
    form.append(hidden);
    chooser.value = "";
    button.hidden = true;
    say(`${file.name} is here: it belongs to what you submit with this form.`);
  }

  async function ask(method, path, body, headers = {}) {
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    let answer;
    try {
      answer = await fetch(place.dataset.api + path, { method, body, headers: { ...headers, "X-CSRFToken": token } });
    } catch {
      throw new Error("The site does not answer.");
    }
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    const error = new Error([told.detail || told.title || `The site answers ${answer.status}.`, told.remedy || ""].join(" "));
    error.isFinal = answer.status < 500 && answer.status !== 409 && answer.status !== 429;
    throw error;
  }

  function say(text) {
    said.textContent = text;
  }

  function make(name, values) {
    return Object.assign(document.createElement(name), values);
  }

  function percent(part) {
    return `${Math.floor(part * 100)}%`;
  }

  function size(bytes) {
    return bytes < 1 << 30 ? `${(bytes / (1 << 20)).toFixed(1)} MB` : `${(bytes / (1 << 30)).toFixed(2)} GB`;
  }

  /* FIPS 180-4, fed in pieces: the browser's own digest wants the whole file in memory. */
  class Sha256 {
    constructor() {
      this.state = Uint32Array.from(Sha256.roots(2, 8));
      this.rest = new Uint8Array(64);
      this.held = 0;
      this.length = 0;
      this.words = new Uint32Array(64);
    }

    /* The first bits of the fractional parts of square (2) or cube (3) roots of the first primes. */
    static roots(degree, count) {
      const primes = [];
      for (let n = 2; primes.length < count; n++) if (primes.every((p) => n % p)) primes.push(n);
      return primes.map((p) => (Math.pow(p, 1 / degree) % 1) * 4294967296);
    }

    update(bytes) {
      this.length += bytes.length;
      let at = 0;
      if (this.held) {
        at = Math.min(64 - this.held, bytes.length);
        this.rest.set(bytes.subarray(0, at), this.held);
        this.held += at;
        if (this.held < 64) return;
        this.block(this.rest, 0);
        this.held = 0;
      }
      for (; at + 64 <= bytes.length; at += 64) this.block(bytes, at);
      this.rest.set(bytes.subarray(at));
      this.held = bytes.length - at;
    }

    block(bytes, at) {
      const { words, state } = this;
      for (let i = 0; i < 16; i++, at += 4) {
        words[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
      }
      for (let i = 16; i < 64; i++) {
        const u = words[i - 15];
        const v = words[i - 2];
        const s = ((u >>> 7) | (u << 25)) ^ ((u >>> 18) | (u << 14)) ^ (u >>> 3);
        const t = ((v >>> 17) | (v << 15)) ^ ((v >>> 19) | (v << 13)) ^ (v >>> 10);
        words[i] = (words[i - 16] + s + words[i - 7] + t) | 0;
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i++) {
        const s = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const one = (h + s + ((e & f) ^ (~e & g)) + CONSTANTS[i] + words[i]) | 0;
        const t = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const two = (t + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
      }
      [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
    }

    hex() {
      const bits = this.length * 8;
      const end = new Uint8Array((this.held < 56 ? 64 : 128) - this.held);
      end[0] = 0x80;
      const view = new DataView(end.buffer);
      view.setUint32(end.length - 8, Math.floor(bits / 4294967296));
      view.setUint32(end.length - 4, bits % 4294967296);
      this.update(end);
      return Array.from(this.state, (word) => word.toString(16).padStart(8, "0")).join("");
    }
  }
  const CONSTANTS = Uint32Array.from(Sha256.roots(3, 64));
})();
