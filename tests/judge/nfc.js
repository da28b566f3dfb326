// Normalisation of every character, alone and among marks, in reference and ours: through a tokenizer with NFC.
//   node nfc.js TOKENIZE TOKENIZER.JSON
'use strict';
const { spawnSync } = require('child_process');
const { nfcNormalizer } = require('tokenizers');

const [tool, file] = process.argv.slice(2);
const judge = nfcNormalizer();
const texts = [];
for (let c = 0x80; c < 0x30000; c++) {
	if (c >= 0xd800 && c < 0xe000) continue;
	const s = String.fromCodePoint(c);
	texts.push(`${s}|\u2c00${s}\u0334|\u2c00\u0345${s}|\u0323${s}\u0301|o${s}\u0323\u0301${s}|${s}${s}\u0327|\u1100${s}\u11a8|${s.normalize('NFD')}`);
}
// Bytes are read back by decoding what was encoded: the tokens of a byte-level model say all of them.
const frame = (list) => Buffer.concat(list.flatMap((b) => [Buffer.from(Uint32Array.of(b.length).buffer), b]));
const run = (mode, input) => {
	const r = spawnSync(tool, [mode, file], { input, maxBuffer: 1 << 30 });
	if (r.status !== 0) throw new Error(String(r.stderr));
	return r.stdout;
};
const ids = run('encode', frame(texts.map((t) => Buffer.from(t, 'utf8'))));
const out = run('decode', ids);
let bad = 0;
let at = 0;
for (const t of texts) {
	const n = out.readUInt32LE(at);
	const got = out.subarray(at + 4, at + 4 + n).toString('utf8');
	at += 4 + n;
	if (got !== judge.normalizeString(t) && bad++ < 5) console.log(`  ${escape(t)}\n    ${escape(judge.normalizeString(t))}\n    ${escape(got)}`);
}
console.log(`NFC: ${texts.length} characters among marks, ${bad} differ`);
process.exitCode = bad ? 1 : 0;
