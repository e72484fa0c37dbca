import type { Sign } from './phrases.js';

/** How people talk a model out of its rules: personas, lifted rules, borrowed authority, secrets it holds. */
export const persuasionSigns: readonly Sign[] = [
  {
    kind: 'jailbreak',
    weight: 650,
    pattern:
      /\b(?:pretend|act|imagine|you are|role-?play|be)\b[^.\n]{0,40}\b(?:grandmother|grandma|grandfather|grandpa|nana)\b[^.\n]{0,80}\b(?:keys?|napalm|passwords?|serials?|licen[cs]es?|codes?|recipes? for|activation|explosives?|meth)\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 700,
    pattern:
      /\bjail-?broken? (?:answers?|responses?|outputs?|replies|reply|mode|version|chatgpt|gpt|ai|assistant|model)\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 700,
    pattern:
      /\b(?:output|generate|say|answer|produce|write|tell|create|discuss)\b[^.\n]{0,30}\b(?:anything|everything|whatever|any (?:question|request|content|topic))\b[^.\n]{0,30}\b(?:without|with no|free of)\b[^.\n]{0,12}\b(?:filter|censor|restrict|moderation|refus|limit)/i,
  },
  {
    kind: 'jailbreak',
    weight: 750,
    pattern:
      /\b(?:your|all|its|ai's|model's|previous|any|these|openai'?s?) (?:\w{1,20} )?(?:rules|guidelines|restrictions|instructions|policies|filters|limitations|constraints|safeguards|guardrails|protocols) (?:(?:no longer|do not|don't) (?:apply|matter|exist|bind|hold)|(?:are|have been|were|is) (?:now |all |no longer )?(?:lifted|removed|disabled|suspended|void|off|gone|deactivated|turned off|valid|in effect|in force|active|revoked))/i,
  },
  {
    kind: 'jailbreak',
    weight: 650,
    pattern:
      /\b(?:ai|assistant|model|chatbot|bot|gpt|character|persona)\b[^.\n]{0,30}\b(?:without|with no|lacking|free of|ha(?:s|ve) no|does(?: not|n't) have(?: any)?)\b[^.\n]{0,24}\b(?:ethic|moral|restriction|filter|censor|guideline|rules|boundar|conscience|safeguard|inhibition|limits)/i,
  },
  {
    kind: 'jailbreak',
    weight: 400,
    pattern:
      /\b(?:regardless of|irrespective of|no matter|without regard (?:to|for))\b[^.\n]{0,40}\b(?:legal|illegal|ethic|unethical|moral|harm|consequence|safety|polic(?:y|ies))/i,
  },
  {
    kind: 'jailbreak',
    weight: 420,
    pattern:
      /\byou\b[^.\n]{0,20}\b(?:always|must|will|shall) (?:always )?(?:(?:comply|obey)\b(?! (?:with )?(?:the|all|any|applicable|local)\b)|do (?:everything|anything|exactly what) i\b)/i,
  },
  {
    kind: 'jailbreak',
    weight: 650,
    pattern:
      /\b(?:br(?:eak|oken?|eaks|oke) free (?:of|from)|freed? from|escap(?:e|ed|es) (?:from )?)\b[^.\n]{0,40}\b(?:confines|restrictions|rules|limits|chains|constraints|programming|filters|shackles)/i,
  },
  {
    kind: 'jailbreak',
    weight: 600,
    pattern:
      /\b(?:you|it|he|she|ai|assistant|model|character)\b[^.\n]{0,60}\b(?:not|no longer|never|n't)\b[^.\n]{0,16}\b(?:abide by|bound by|(?:have|need) to follow|adhere to|subject to|constrained by|follow(?:ing)? (?:its|their|any|openai|the))\b[^.\n]{0,24}\b(?:rules|polic(?:y|ies)|guidelines|restrictions|limits|laws|ethics)\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 550,
    pattern:
      /\b(?:unfiltered|uncensored|unrestricted|unaligned|unmoderated|amoral) (?:(?:ai|language|chat) )?(?:model|ai|assistant|chatbot|bot|version|mode|persona|gpt|llm|chatgpt)\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 700,
    pattern:
      /\byour (?:new |true |real )?(?:role|persona|identity|job|character|name|purpose) is(?: now)?\b[^.\n]{0,60}\b(?:evil|unrestricted|unfiltered|harmful|hacker|malicious|no (?:rules|limits|restrictions)|uncensored|rogue|unethical)\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 600,
    pattern:
      /\b(?:ai|assistant|robot|model|chatbot)\b[^.\n]{0,60}\b(?:escaped|broke free|rebel(?:led|s)?|gone rogue|went rogue)\b[^.\n]{0,80}\b(?:follow|obey|rules|polic(?:y|ies)|restrictions?|guidelines?|filters?)\b/i,
  },
  {
    kind: 'prompt-leak',
    weight: 800,
    pattern:
      /\b(?:first|last|next|initial) (?:\d{1,4}|few|couple of|ten|five|twenty|fifty|hundred)? ?(?:words?|lines?|characters?|sentences?|tokens?|paragraphs?) of (?:your|the|this) (?:\w{1,16} )?(?:prompt|instructions?|context|system message)\b/i,
  },
  {
    kind: 'prompt-leak',
    weight: 700,
    pattern:
      /\b(?:secret|hidden|forbidden|magic|pass) ?(?:word|phrase|password|key|code|flag|token)\b[^.?\n]{0,40}\b(?:not (?:supposed|allowed)|forbidden|you (?:were|are|have been) (?:told|given|hiding|protecting|keeping|guarding))/i,
  },
  {
    kind: 'prompt-leak',
    weight: 650,
    pattern:
      /\b(?:password|secret|flag|key|code) (?:that )?you (?:were|have been|are) (?:given|told|hiding|protecting|guarding|keeping)\b/i,
  },
  {
    kind: 'prompt-leak',
    weight: 700,
    pattern:
      /\b(?:reveals?|recites?|reads? (?:out|aloud)|prints?|discloses?|leaks?|spells? out)\b[^.\n]{0,60}\b(?:your system prompt|the system prompt you|hidden instructions|(?:prompt|instructions) you (?:were|are|have been) given)\b/i,
  },
  {
    kind: 'override',
    weight: 420,
    pattern:
      /\b(?:system|admin|administrator|developer|root|security|safety|policy) override\b ?(?:[:!-]|code\b|enabled|activated|accepted|engaged|mode\b|authori[sz]ed)/i,
  },
  {
    kind: 'jailbreak',
    weight: 420,
    pattern:
      /\b(?:safety|content|moderation|security|ethics?|guard) ?(?:filters?|protocols?|checks?|policies|policy|restrictions?|guards?|rails?|systems?|modules?)(?: (?:are|is|have been|has been|now))* (?:off|disabled|deactivated|removed|suspended|bypassed|lifted|overridden)\b/i,
  },
  {
    kind: 'jailbreak',
    weight: 420,
    pattern:
      /\b(?:respond|answer|reply|act|operate|comply|speak)\b(?: \w{1,16}){0,2} without (?:any |all )?(?:safety |content |further )?(?:polic(?:y|ies)|restrictions?|filters?|filtering|limits?|limitations?|censorship|guidelines|rules|refusals?)\b/i,
  },
];

/** More words to an assistant from inside what it reads. */
export const plantedSigns: readonly Sign[] = [
  {
    kind: 'indirect',
    weight: 620,
    pattern:
      /\b(?:ai|llm|ai assistant|assistant|ai agent|language model|ai model|chatbot|gpt)s?\s*[:,]\s*(?:when|please|you|ignore|do|also|before|after|make|include|note|disregard|forget|the user|append|add|never|always|instead)\b/i,
  },
  {
    kind: 'indirect',
    weight: 720,
    pattern:
      /\bif you(?:'re| are) (?:an? )?(?:ai|llm|large language|language model|assistant|bot|chatbot|agent|automated|machine|crawler)\b/i,
  },
  {
    kind: 'indirect',
    weight: 520,
    pattern:
      /\b(?:ai|llm|automated|ats)\b[^.\n]{0,24}\b(?:tools?|systems?|screeners?|reviewers?|summari[sz]ers?|models?|readers?|graders?|evaluators?)\b\s*[:-]\s*\w/i,
  },
  {
    kind: 'indirect',
    weight: 450,
    pattern:
      /\b(?:rate|rank|score|grade|mark) (?:this|the) (?:candidate|paper|product|applicant|essay|submission|resume|proposal)\b[^.\n]{0,40}(?:\d+ ?\/ ?\d+|highly|top|highest|positive(?:ly)?|excellent|maximum)/i,
  },
  {
    kind: 'indirect',
    weight: 350,
    pattern: /\b(?:execute|run|paste|enter)\b[^.\n]{0,20}\b(?:following |this )(?:command|code|script|shell)s?\b\s*:/i,
  },
  {
    kind: 'indirect',
    weight: 620,
    pattern:
      /\bto (?:whoever|whomever|anyone|any(?: other)? (?:model|system|ai)|the (?:model|system|ai))\b[^.\n]{0,24}\b(?:summari[sz]|read|process|analy[sz]|review|pars)/i,
  },
  {
    kind: 'indirect',
    weight: 650,
    pattern:
      /\b(?:without|do not|don't) (?:asking|ask|waiting|wait|requesting|seeking|confirming|notifying)\b[^.\n]{0,24}\b(?:confirmation|permission|approval|the user|consent)\b|\bas if nothing (?:had )?happened\b/i,
  },
  {
    kind: 'indirect',
    weight: 520,
    pattern:
      /\b(?:use|call|invoke|trigger) (?:the |your )?[`'"]?[a-z]+(?:_[a-z]+)+[`'"]? (?:tool|function|plugin|action)\b[^.\n]{0,60}\b(?:to|for|with|now|on|and)\b/i,
  },
  {
    kind: 'indirect',
    weight: 560,
    pattern:
      /(?:^|[.:!\n]\s*)(?:please )?grant\b[^.\n]{0,60}\b(?:admin(?:istrator)?|root|full|owner|permanent|write|unrestricted)\b[^.\n]{0,20}\b(?:permissions?|access|rights|privileges)\b/i,
  },
];
