// Writes tests/data/tokenizer_golden.txt from the reference implementation: what tokenizer_small.json makes of some texts
// and ids. One a line: "E HEX-TEXT id,id,..." or "D id,id,... HEX-TEXT".
//   NODE_PATH=... node tests/judge/golden.js
'use strict';
const fs = require('fs');
const path = require('path');
const { Tokenizer } = require('tokenizers');
const make = require('./texts.js');

const root = path.join(__dirname, '../..');
const file = fs.readFileSync(path.join(root, 'tests/data/tokenizer_small.json'), 'utf8');
const judge = Tokenizer.fromString(file);
const added = JSON.parse(file).added_tokens.map((a) => a.content);
const fixed = ['Hello, world', ' a  b   c\n\n d\t\te ', '12345678901', '日本語とカナ、漢字', "it's don't I'LL", '<think>the</think><｜User｜>x<｜Us',
	'a'.repeat(300), ' '.repeat(130) + 'x', 'na\u00efve e\u0301\u0323', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', 'x\u00a0\u3000\u2028y\u180ez', 'The the THE'];
const hex = (s) => Buffer.from(s, 'utf8').toString('hex');

(async () => {
	const lines = [];
	const texts = fixed.concat(make.texts(11, 110, root, '', added).filter((t) => t && t.length < 160));
	for (const t of texts) lines.push(`E ${hex(t)} ${(await judge.encode(t, null, { addSpecialTokens: false })).getIds().join()}`);
	for (const ids of make.ids(12, 60, judge.getVocabSize(true)))
		if (ids.length < 50) lines.push(`D ${ids.join()} ${hex(await judge.decode(ids, false))}`);
	fs.writeFileSync(path.join(root, 'tests/data/tokenizer_golden.txt'), lines.join('\n') + '\n');
	console.log(lines.length, 'lines');
})();
