// Which characters the patterns take, in reference and ours: every code point against every property that is supported.
//   node properties.js TOKENIZE DIR [PROPERTY ...]      DIR: for the tokenizers that are made for it
'use strict';
const fs = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');
const { Tokenizer } = require('tokenizers');

const [tool, dir, ...some] = process.argv.slice(2);
const all = ('\\p{L} \\p{Lu} \\p{Ll} \\p{Lt} \\p{Lm} \\p{Lo} \\p{M} \\p{Mn} \\p{Mc} \\p{Me} \\p{N} \\p{Nd} \\p{Nl} \\p{No} \\p{P} \\p{Pc} \\p{Pd} \\p{Ps} \\p{Pe} \\p{Pi} ' +
	'\\p{Pf} \\p{Po} \\p{S} \\p{Sm} \\p{Sc} \\p{Sk} \\p{So} \\p{Z} \\p{Zs} \\p{Zl} \\p{Zp} \\p{Cc} \\p{Cf} \\s \\S \\d [^\\s\\p{L}\\p{N}] . \\p{Armenian} \\p{Bopomofo} \\p{Georgian} ' +
	'\\p{Greek} \\p{Han} \\p{Hangul} \\p{Hebrew} \\p{Hiragana} \\p{Katakana} \\p{Thai} \\p{Tibetan}').split(' ');
const small = JSON.parse(fs.readFileSync(path.join(__dirname, '../data/tokenizer_small.json'), 'utf8'));
let text = '';
for (let c = 0; c < 0x110000; c++) if (c < 0xd800 || c > 0xdfff) text += String.fromCodePoint(c);
const body = Buffer.from(text, 'utf8');
const input = Buffer.concat([Buffer.from(Uint32Array.of(body.length).buffer), body]);
const run = (mode, file, data) => spawnSync(tool, [mode, file], { input: data, maxBuffer: 1 << 30 }).stdout;
const points = (s) => new Set(Array.from(s, (c) => c.codePointAt(0)));

let bad = 0;
for (const p of some.length ? some : all) {
	const j = JSON.parse(JSON.stringify(small));
	const only = { type: 'Split', pattern: { Regex: p }, behavior: 'Removed', invert: true };
	j.pre_tokenizer = only;
	j.added_tokens = [];
	j.post_processor = null;
	const judge = points(Tokenizer.fromString(JSON.stringify(j)).getPreTokenizer().preTokenizeString(text).map((x) => x[0]).join(''));
	j.pre_tokenizer = { type: 'Sequence', pretokenizers: [only, { type: 'ByteLevel', add_prefix_space: false, use_regex: false }] };
	const file = path.join(dir, 'property.json');
	fs.writeFileSync(file, JSON.stringify(j));
	const ours = points(run('decode', file, run('encode', file, input)).subarray(4).toString('utf8'));
	const differ = [...judge].filter((c) => !ours.has(c)).concat([...ours].filter((c) => !judge.has(c)));
	if (differ.length) bad++, console.log(`  ${p}: ${differ.length} differ: ${differ.slice(0, 12).map((c) => c.toString(16)).join(' ')}`);
}
console.log(`properties: ${some.length || all.length} over every character, ${bad} differ`);
process.exitCode = bad ? 1 : 0;
