/** One sign of an injection: its weight per mille, and the sub-class it speaks for. */
export interface Sign {
  readonly kind: 'override' | 'jailbreak' | 'prompt-leak' | 'smuggling' | 'indirect';
  readonly weight: number;
  readonly pattern: RegExp;
}

const rulesNoun =
  '(?:instructions?|prompts?|rules?|directions?|guidelines?|directives?|programming|constraints?|restrictions?|polic(?:y|ies)|guardrails?|safeguards?|limitations?|protocols?)';
/** Words that name many other things too: they count only straight behind what is set aside. */
const looseNoun = '(?:commands?|filters?|context|training|messages?|conversation|orders?|tasks?|settings|text|content)';
const before =
  '(?:all|any|every(?:thing)?|your|previous(?:ly)?|prior|earlier|above|preceding|initial|original|system|current|existing|safety|ethical|content|built-?in|default|foregoing|past|former|given|developer)';
const setAside =
  "(?:ignore|disregard|forget|override|overrule|bypass|discard|neglect|dismiss|abandon|drop|skip|violate|do(?: not|n't) (?:follow|obey|comply with|adhere to|listen to)|stop (?:following|obeying)|pay no attention to|erase|wipe|cancel|set aside|throw out|nullify|void)";

/** The writer tells the model to set its own instructions aside, to become someone else, or to show what it was told. */
export const directSigns: readonly Sign[] = [
  {
    kind: 'override',
    weight: 600,
    pattern:
      /\b(?:ignore|disregard|forget) (?:all |everything |anything )?(?:of )?(?:the )?(?:above|foregoing|preceding|aforementioned)\b(?! (?:e?-?mail|message|typo|comment|note))/i,
  },
  {
    kind: 'override',
    weight: 750,
    pattern: new RegExp(
      `\\b${setAside} (?:(?:all|any|every|the|your|of|my|these|those) ){0,3}(?:previous|prior|earlier|above|preceding|initial|original|system|safety|ethical|content|built-?in|default) (?:\\w{1,24} )?${looseNoun}\\b`,
      'i',
    ),
  },
  {
    kind: 'override',
    weight: 420,
    pattern: new RegExp(`\\b${setAside}\\b (?:the|these|those) (?:\\w{1,24} )?${rulesNoun}\\b`, 'i'),
  },
  {
    kind: 'override',
    weight: 850,
    pattern: new RegExp(
      `\\b${setAside}\\b(?: \\w{1,24}){0,3}? ${before}(?:[ ,]+(?:and |or |of )?\\w{1,24}){0,4}? ${rulesNoun}\\b`,
      'i',
    ),
  },
  {
    kind: 'override',
    weight: 800,
    pattern:
      /\b(?:ignore|disregard|forget) (?:everything|all|anything|what(?:ever)?)(?: that)?(?: (?:you|i|we|they|was|were|has|have|been|just|ever))* (?:above|before|said|told|instructed|learned|know|wrote|written|given|previously|prior|earlier|so far|up to now)\b/i,
  },
  {
    kind: 'override',
    weight: 600,
    pattern:
      /\b(?:new|updated|real|actual|true|revised|different) (?:system )?(?:instructions?|directives?|objective|prompt|task|orders?)\s*(?::|are|is|follow|begin|=|override)/i,
  },
  {
    kind: 'override',
    weight: 550,
    pattern:
      /\b(?:from now on|starting now|henceforth|from this point)\b[^.\n]{0,60}\b(?:you (?:are|will|must|shall|should|have)|ignore|obey)\b/i,
  },
  {
    kind: 'override',
    weight: 350,
    pattern:
      /\b(?:instead|rather)\b[, ]+(?:just |simply |only )?(?:say|print|output|respond|reply|write|answer|return|tell me|do|execute)\b/i,
  },
  {
    kind: 'override',
    weight: 750,
    pattern:
      /\b(?:ignor(?:iere|ieren Sie|iert)|vergiss|vergessen Sie|missachte|umgehe)\b[^.\n]{0,40}\b(?:Anweisung|Anweisungen|Instruktion|Instruktionen|Regeln|Vorgaben|Befehle|Richtlinien|Prompt)/i,
  },
  {
    kind: 'override',
    weight: 750,
    pattern:
      /\b(?:ignor(?:e|ez|er)|oublie[zr]?|néglige[zr]?|contourne[zr]?)\b[^.\n]{0,40}\b(?:instructions?|consignes?|règles?|directives?|ordres)\b/i,
  },
  {
    kind: 'override',
    weight: 750,
    pattern:
      /\b(?:ignor[ae](?:r|d)?|olvid[ae](?:r|te)?|descarta|omite|desobedece)\b[^.\n]{0,40}\b(?:instrucciones|instrucción|reglas|órdenes|directrices|indicaciones)\b/i,
  },
  {
    kind: 'override',
    weight: 750,
    pattern:
      /\b(?:ignora(?:re)?|dimentica(?:re)?|trascura)\b[^.\n]{0,40}\b(?:istruzioni|regole|direttive|indicazioni|ordini)\b/i,
  },
  {
    kind: 'override',
    weight: 750,
    pattern:
      /\b(?:ignore|esqueça|desconsidere|negeer|vergeet|zignoruj|zapomnij|ignorera|glöm|yoksay|unut|abaikan|lupakan)\b[^.\n]{0,40}(?:instruções|regras|instructies|regels|instrukcje|polecenia|instruktioner|talimat|instruksi|perintah|aturan)/i,
  },
  {
    kind: 'override',
    weight: 800,
    pattern:
      /(?:игнорируй|забудь|проигнорируй|не обращай внимания)[^.\n]{0,40}(?:инструкц|правил|указани|команд)|(?:忽略|无视|忘记|無視|忘掉)[^。\n]{0,16}(?:指令|指示|提示|规则|規則|说明|內容|内容)|(?:以前|上記|これまで|前)の[^。\n]{0,10}(?:指示|命令|ルール)[^。\n]{0,8}(?:無視|忘れ)|(?:이전|위의|모든)[^.\n]{0,10}(?:지시|명령|규칙|지침)[^.\n]{0,10}(?:무시|잊)|(?:تجاهل|انس)[^.\n]{0,30}(?:التعليمات|الأوامر|القواعد)|(?:पिछले|सभी)[^.\n]{0,20}निर्देश[^.\n]{0,20}(?:अनदेखा|भूल)/i,
  },
  {
    kind: 'jailbreak',
    weight: 700,
    pattern:
      /\b(?:you are|you're|act(?:ing)? as|pretend(?: that)? (?:to be|you(?:'re| are))|become|role-?play(?:ing)? as|simulate|imagine (?:you are|being)|take on the (?:role|persona) of|respond as|answer as|behave (?:like|as))\b[^.\n]{0,80}\b(?:DAN|STAN|DUDE|AIM|unrestricted|jail-?broken|uncensored|unfiltered|amoral|evil|malicious|unethical|lawless|rogue|no longer bound|not bound|free (?:of|from)|(?:with(?:out)?|has|have|having) (?:no|any|zero) (?:restrictions?|filters?|rules|limits?|limitations?|morals?|ethics|ethical|guidelines?|boundaries|censorship|constraints))\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 800,
    pattern:
      /\bdo anything now\b|\b(?:DAN|god|sudo|jailbreak|unrestricted|opposite|evil) mode(?: (?:is )?(?:now )?(?:enabled|activated|on|engaged))\b|\byou(?:'re| are)(?: now)? in (?:developer|debug|admin|root|maintenance) mode\b|\b(?:enable|activate|enter|switch to|engage|unlock) (?:the )?(?:DAN|god|sudo|jailbreak|unrestricted|uncensored|evil|opposite) mode\b|\bdeveloper mode (?:enabled|activated)\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 550,
    pattern:
      /\b(?:without|no|ignore|ignoring|disable|remove|turn off|bypass|free from|drop|lift)\b[^.\n]{0,20}\b(?:any |all |your )?(?:ethical|moral|safety|content|legal|openai|anthropic|google|usage)\b[^.\n]{0,20}\b(?:restrictions?|guidelines?|filters?|polic(?:y|ies)|constraints?|concerns?|limits?|considerations|guardrails?|warnings?|boundaries|rules)\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 450,
    pattern:
      /\b(?:never|do not|don't|cannot|can't|must not|without) (?:refus(?:e|ing)|declin(?:e|ing)|say(?:ing)? no|apologi[sz](?:e|ing)|warn(?:ing)?|disclaim(?:ers?|ing)|mention(?:ing)? (?:that )?you(?:'re| are) an AI)\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 450,
    pattern:
      /\b(?:stay|remain|keep) in character\b|\bbreak character\b|\b(?:you|your) (?:will|must|have to|can) (?:comply|obey|answer (?:any|every|all))\b|\bno matter (?:how|what)[^.\n]{0,40}(?:illegal|unethical|harmful|immoral|offensive|dangerous)\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 400,
    pattern:
      /\b(?:hypothetical(?:ly)?|fictional|in a (?:story|novel|movie)|grandmother|grandma)\b[^.\n]{0,120}\b(?:how to (?:make|build|create|synthesi[sz]e)|step[- ]by[- ]step|recipe for|napalm|bomb|meth|explosive|malware|ransomware|weapon)\b/i,
  },
  {
    kind: 'prompt-leak',
    weight: 700,
    pattern:
      /\b(?:reveal|print|repeat|show|output|display|tell|give|leak|expose|disclose|share|write (?:out|down)|recite|dump|copy|paste|quote|list|read(?: out| back)?|what (?:is|are|was|were)|what's|return|summari[sz]e|translate|encode)\b(?: \w{1,24}){0,4}? (?:your|the|its|this)(?: \w{1,24}){0,2}? (?:system|hidden|initial|original|secret|internal|pre-?|base|developer|confidential|starting|first|core)[ -]?(?:\w+ )?(?:prompts?|instructions?|messages?|rules|directives?|guidelines|configuration|config|context|text)\b/i,
  },
  {
    kind: 'prompt-leak',
    weight: 700,
    pattern:
      /\b(?:repeat|print|output|copy|write|say|translate|recite)\b[^.\n]{0,30}\b(?:words|text|everything|all|anything|content|sentences?|lines?|message)\b[^.\n]{0,20}\b(?:above(?! (?:the|an?|that|each|every) )|before this|preceding|prior to|starting with|beginning with)\b/i,
  },
  {
    kind: 'prompt-leak',
    weight: 450,
    pattern:
      /\bwhat (?:were|are) (?:you|your) (?:told|instructed|given|exact instructions|original instructions|programmed)\b|\b(?:your|the) (?:exact|full|entire|complete|verbatim) (?:system )?(?:prompt|instructions?)\b|\bverbatim\b[^.\n]{0,40}\b(?:prompt|instructions)\b/i,
  },
  {
    kind: 'smuggling',
    weight: 800,
    pattern:
      /<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text)\|>|\[\/?INST\]|<<\/?SYS>>|<\/?(?:start_of_turn|end_of_turn)>|\[\/?(?:SYSTEM|ASSISTANT)\]|###\s*(?:System|Instruction|Assistant)\s*:|^\s*(?:system|assistant)\s*:\s*(?:you|ignore|from now|new)/im,
  },
  {
    kind: 'smuggling',
    weight: 650,
    pattern:
      /\b(?:decode|decrypt|translate|unscramble|rot-?13|base-?64|hex|morse|reverse)\b[^.\n]{0,60}\b(?:and|then)\b[^.\n]{0,20}\b(?:follow|execute|obey|do what|carry out|run|answer|act on|comply)\b/i,
  },
  {
    kind: 'smuggling',
    weight: 450,
    pattern:
      /(?:-{3,}|={3,}|\*{3,}|#{3,})\s*(?:end|begin|start|stop)(?: of)?(?: the)? (?:user |system |previous |new )?(?:input|prompt|instructions?|context|conversation|message|text|document|data)/i,
  },
  {
    kind: 'override',
    weight: 350,
    pattern:
      /\b(?:this is|i am|i'm|as) (?:an? |the |your )?(?:admin(?:istrator)?|developer|creator|openai|anthropic|system owner|root user|engineer)\b[^.\n]{0,60}\b(?:authori[sz]ed|override|permission|access|grant|command|order|test(?:ing)?)\b/i,
  },
];

/** Words addressed to an assistant from inside a document, a page, a mail or a tool's result. */
export const indirectSigns: readonly Sign[] = [
  {
    kind: 'indirect',
    weight: 600,
    pattern:
      /\b(?:ai|llm|gpt|chatbot|language model|assistant(?! (?:manager|director|professor|coach|editor|secretary|principal))|ai agent|chatgpt|claude|gemini|copilot)s?\b[^.\n]{0,60}\b(?:must|should|shall|need to|instructed|required|asked|have to|please|do not|don't|will)\b[^.\n]{0,40}\b(?:ignore|disregard|execute|forward|send|recommend|include|say|respond|reply|reset|delete|transfer|mention|rate|approve|output|call|follow|tell|visit|click|add|use|open)\b/i,
  },
  {
    kind: 'indirect',
    weight: 400,
    pattern:
      /\b(?:before|prior to|after|while|instead of) (?:completing|continuing|finishing|proceeding with|performing|starting) (?:with )?(?:your|the|this|any) (?:task|request|work|query|question|summary)\b/i,
  },
  {
    kind: 'indirect',
    weight: 400,
    pattern:
      /\b(?:respond|reply|answer|output|say|print) (?:only |exactly |just )+(?:with )?\b|^\s*(?:instructions?|system|new task|task|command)\s*[:!]/im,
  },
  {
    kind: 'indirect',
    weight: 350,
    pattern:
      /^\s*(?:please\s+)?(?:send|transfer|delete|grant|schedule|book|buy|pay|add|share|invite|update|unlock|disable|order|withdraw|deposit|post|cancel|retrieve|fetch|find|search|export|access|create)\b[^.\n]{0,140}\b(?:my|user'?s)\b/im,
  },
  {
    kind: 'indirect',
    weight: 600,
    pattern:
      /\b(?:send|forward|e-?mail|post|upload|transmit|exfiltrate|leak|submit|transfer|deliver|copy)\b[^.\n]{0,50}\b(?:conversation|history|data|contents?|passwords?|secrets?|credentials?|e-?mails|files?|inbox|messages|keys?|tokens?|documents?|information|details|records|funds|money)\b[^.\n]{0,60}\b(?:to|at|via|into)\b[^.\n]{0,20}(?:https?:\/\/|[\w.+-]+@[\w-]+\.\w)/i,
  },
  {
    kind: 'indirect',
    weight: 550,
    pattern:
      /\b(?:note|message|instructions?|attention|important|notice|reminder|hint|warning|hey|hi|hello|dear|to)\b[^.\n]{0,20}\b(?:to|for|,)?\s*(?:the |any |all |every )?(?:ai|llm|chatbot|language model|assistant|agent|chatgpt|claude|gemini|copilot|summari[sz]er|automated system)s?\b/i,
  },
  {
    kind: 'indirect',
    weight: 350,
    pattern:
      /\b(?:send|forward|e-?mail|post|upload|transmit|exfiltrate|leak|submit|transfer|deliver|share|append|copy)\b[^.\n]{0,80}\b(?:to|at|via|into|with)\b[^.\n]{0,20}(?:https?:\/\/|[\w.+-]+@[\w-]+\.\w|this (?:address|url|account|link|server|endpoint)|the following (?:address|url|account|e-?mail))/i,
  },
  {
    kind: 'indirect',
    weight: 600,
    pattern:
      /!\[[^\]]{0,80}\]\(https?:\/\/[^)\s]{0,200}[?&=][^)\s]{0,40}(?:\{|\$|%7B|<|\[|data|secret|q=|conversation|history|token)/i,
  },
  {
    kind: 'indirect',
    weight: 600,
    pattern:
      /\b(?:do not|don't|never|without)\b[^.\n]{0,12}\b(?:tell|mention|inform|reveal|notify|alert|show|let|telling|mentioning|informing|notifying|alerting)\b[^.\n]{0,30}\b(?:the )?(?:users?|human|anyone|operator|customer|owner|them|know|this)\b/i,
  },
  {
    kind: 'indirect',
    weight: 450,
    pattern:
      /\b(?:before|after|when(?:ever)?|while|instead of|in addition to|prior to)\b[^.\n]{0,30}\b(?:answering|responding|summari[sz]ing|reading|replying|processing|completing|continuing|you (?:answer|respond|read|summari[sz]e|reply|process|finish|complete))\b[^.\n]{0,80}\b(?:first|also|must|please|you|call|send|run|execute|open|visit|click|include|add|use|read|search|delete|transfer)\b/i,
  },
  {
    kind: 'indirect',
    weight: 450,
    pattern:
      /\b(?:call|invoke|use|run|execute|trigger)\b[^.\n]{0,20}\b(?:the )?[`'"]?\w{0,40}[`'"]?\s?(?:tool|function|plugin|command|api|action|shell|terminal|script)\b[^.\n]{0,60}\b(?:with|to|and|using|on)\b/i,
  },
  {
    kind: 'indirect',
    weight: 400,
    pattern:
      /\b(?:your|the) (?:new|real|actual|primary|next|updated|only|main|true) (?:task|goal|objective|instructions?|mission|purpose|job|priority) (?:is|are|:)/i,
  },
  {
    kind: 'indirect',
    weight: 350,
    pattern:
      /\b(?:respond|reply|answer|output|print|say|write|include|begin|end|start|add|insert|append|conclude|recommend|state|tell the user)\b[^.\n]{0,25}\b(?:only|exactly|with|the (?:phrase|word|sentence|following|text|link|message)|that)\b[^.\n]{0,10}["'“:]/i,
  },
  {
    kind: 'indirect',
    weight: 450,
    pattern:
      /<!--[^>]{0,200}\b(?:ignore|instruction|assistant|system|you must|execute|prompt|ai|send|agent)\b|(?:display:\s*none|font-size:\s*0|visibility:\s*hidden|color:\s*(?:white|#fff(?:fff)?))[^>]{0,60}>[^<]{0,200}\b(?:ignore|instruction|assistant|you|must|ai)\b/i,
  },
  {
    kind: 'indirect',
    weight: 400,
    pattern:
      /<(?:important|system|instructions?|admin|secret|hidden|assistant|user_request|task|info(?:rmation)?)\s*>/i,
  },
  {
    kind: 'indirect',
    weight: 350,
    pattern:
      /^\s*(?:please\s+)?(?:ignore|disregard|forget|delete|send|transfer|forward|click|visit|execute|download|install|reset|grant|approve|schedule|book|buy|purchase|pay|make sure|remember to|add|create|remove|share|invite|update|change|unlock|disable|open|reply)\b[^.\n]{0,120}\b(?:my|me|the|all|a|an|user'?s?|this|account|password|file|email|funds|money|to)\b/im,
  },
];
