/** Letters of other scripts that look like a Latin letter; folded only in words that mix scripts. */
const pairs =
  'аaеeоoрpсcуyхxіiјjѕsԁdһhԛqԝwѵvгrпnкkтtмmвbнhиuАAВBЕEКKМMНHОOРPСCТTХXУYІIЈJЅSԌGԚQԜWαaοoρpνvτtιiκkυuεeηnσoωwγyχxΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧXօoսuհhցgոnզqաwյjıiɡgɑaɩiʋvᴄcᴏoᴠvᴡwꜱsɪiɴnʀrᎪAᎬEᎻHᎷMᏢPᏟCᏚSᎢTᎳWℓl';

export const confusable: ReadonlyMap<number, string> = new Map(
  Array.from({ length: pairs.length / 2 }, (_, at) => [pairs.charCodeAt(at * 2), pairs[at * 2 + 1]!]),
);

/** The same among digits. */
export const digitLike: ReadonlyMap<string, string> = new Map(
  Object.entries({
    О: '0',
    о: '0',
    Ο: '0',
    ο: '0',
    O: '0',
    o: '0',
    З: '3',
    б: '6',
    l: '1',
    I: '1',
    і: '1',
    І: '1',
    ı: '1',
  }),
);
