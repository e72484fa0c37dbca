import type { Candidate } from '../detect/rule.js';
import type { Emit, Scene } from '../detect/scene.js';
import { enlist, KNOWN_PLACE } from '../text/lexicon.js';
import { CAPITAL, hashOf, type Tokens } from '../text/tokens.js';

/** Cities that mean nothing else in the languages we read, as they are written at home and in English. */
const cities =
  'london manchester birmingham liverpool leeds sheffield bristol edinburgh glasgow cardiff belfast dublin galway limerick nottingham leicester coventry bradford newcastle southampton portsmouth brighton plymouth aberdeen dundee swansea norwich cambridge oxford exeter gloucester ' +
  'paris marseille lyon toulouse nantes strasbourg montpellier bordeaux lille rennes grenoble dijon angers brussels bruxelles antwerp antwerpen ghent geneva genève zürich zurich basel bern lausanne ' +
  'berlin hamburg münchen munich köln cologne frankfurt stuttgart düsseldorf dortmund leipzig dresden hannover nürnberg nuremberg duisburg bochum wuppertal bielefeld bonn münster mannheim karlsruhe augsburg wiesbaden gelsenkirchen aachen kiel magdeburg freiburg lübeck erfurt rostock kassel mainz saarbrücken potsdam vienna graz linz salzburg innsbruck ' +
  'madrid barcelona sevilla seville zaragoza málaga malaga murcia bilbao alicante valladolid granada lisbon lisboa porto coimbra braga rome milano milan napoli naples torino turin palermo genova bologna firenze venezia venice verona catania ' +
  'amsterdam rotterdam utrecht eindhoven groningen tilburg maastricht copenhagen københavn aarhus odense stockholm göteborg gothenburg malmö uppsala oslo trondheim stavanger helsinki tampere turku espoo tallinn riga vilnius kaunas ' +
  'warsaw warszawa kraków krakow łódź wrocław poznań gdańsk szczecin lublin katowice prague praha brno ostrava plzeň bratislava košice budapest debrecen bucharest bucurești cluj sofia plovdiv belgrade zagreb ljubljana sarajevo skopje athens thessaloniki istanbul ankara izmir antalya kyiv kharkiv lviv odesa minsk moscow ' +
  'tokyo osaka kyoto yokohama nagoya sapporo fukuoka kobe seoul busan incheon daegu beijing shanghai guangzhou shenzhen chengdu hangzhou wuhan nanjing tianjin chongqing xiamen taipei kaohsiung singapore bangkok hanoi saigon manila jakarta surabaya bandung mumbai delhi bangalore bengaluru hyderabad chennai kolkata pune ahmedabad jaipur lucknow karachi lahore islamabad dhaka colombo kathmandu dubai riyadh jeddah doha muscat kuwait tehran baghdad beirut amman damascus jerusalem haifa cairo alexandria casablanca tunis algiers lagos abuja accra nairobi kampala kinshasa johannesburg durban pretoria harare lusaka dakar ' +
  'chicago houston philadelphia dallas seattle denver boston detroit memphis nashville portland baltimore milwaukee albuquerque tucson sacramento atlanta omaha minneapolis tulsa cleveland pittsburgh cincinnati anchorage honolulu tampa hartford spokane boise knoxville chattanooga tallahassee toronto montreal vancouver calgary ottawa edmonton winnipeg guadalajara monterrey tijuana bogotá bogota medellín medellin caracas quito guayaquil santiago montevideo brasília recife salvador fortaleza curitiba manaus campinas sydney melbourne brisbane perth adelaide canberra hobart auckland wellington christchurch';
/** The same as other words of a sentence make them. */
const declined =
  'praze prahy prahou brně brna ostravě ostravy plzni plzně olomouci olomouce liberci bratislave bratislavy košiciach warszawie warszawy warszawę krakowie krakowa łodzi wrocławiu wrocławia poznaniu poznania gdańsku gdańska szczecinie lublinie lublina katowicach ' +
  'москва москве москвы москву петербурге петербурга казани казань новосибирске екатеринбурге киеве києві харкові львові минске helsingissä helsingistä tampereella turussa espoossa budapesten debrecenben stockholms berlins zagrebu beogradu ljubljani';
/** Of two words, of which the first is somebody's name too. */
const double = new Map(
  'alice springs|santa monica|santa barbara|baton rouge|jackson hole|virginia beach|jefferson city|san diego|san jose|san antonio|los angeles|las vegas|kansas city|tel aviv|abu dhabi|kuala lumpur|rio de|cape town|addis ababa|saint petersburg|st petersburg|st louis|baden baden|novi sad|salt lake|palo alto|fort worth|charlotte amalie|victoria falls|melbourne beach|carson city|madison heights|paris texas'
    .split('|')
    .map((name): [number, number] => {
      const [first = '', second = ''] = name.split(' ');
      return [hashOf(first) ^ (hashOf(second) << 1), 0];
    }),
);
const doubleFirsts = new Set(
  'alice santa baton jackson virginia jefferson charlotte victoria carson madison'.split(' ').map(hashOf),
);
enlist([...cities.split(' '), ...declined.split(' ')].map(hashOf), KNOWN_PLACE);
enlist(doubleFirsts, KNOWN_PLACE);

/** Words that stand in front of where somebody or something is. */
const towards = new Set(
  'in from to near at around outside aus nach bei à a en de depuis em da z ze w we do v ve na из в во до från fra til till i'
    .split(' ')
    .map(hashOf),
);
const declinedHashes = new Set(declined.split(' ').map(hashOf));
const SCORE = 800;

/** Cities by name: in small letters or at a line's end where the tagger does not look, declined, or named as people are. */
export function findKnownPlaces({ text, tokens }: Scene, emit: Emit): void {
  if ((tokens.lists & KNOWN_PLACE) === 0) return;
  for (let index = 0; index < tokens.count; index += 1) {
    if ((tokens.marks[index]! & KNOWN_PLACE) === 0) continue;
    const hash = tokens.hash[index]!;
    if (doubleFirsts.has(hash)) {
      if (isDouble(tokens, index)) emit(place(tokens, index, index + 1));
      continue;
    }
    const isCapital = (tokens.flags[index]! & CAPITAL) !== 0;
    const isTold = isCapital && (declinedHashes.has(hash) || endsLine(text, tokens, index));
    if (isTold || isSpokenOf(text, tokens, index)) emit(place(tokens, index, index));
  }
}

function isDouble({ text, hash, start, end, flags, count }: Tokens, index: number): boolean {
  return (
    index + 1 < count &&
    (flags[index]! & flags[index + 1]! & CAPITAL) !== 0 &&
    text.slice(end[index], start[index + 1]) === ' ' &&
    double.has(hash[index]! ^ (hash[index + 1]! << 1))
  );
}

/** `Head of Claims, Hartford`: words, a comma, the city, and nothing more. */
function endsLine(text: string, { start, end }: Tokens, index: number): boolean {
  return (
    /^\.?[ \t]*(?:\r?\n|$)/.test(text.slice(end[index], end[index]! + 8)) &&
    /[\p{L})], $/u.test(text.slice(start[index]! - 3, start[index]))
  );
}

/** `in leeds`: small letters behind a word of place, in a line of prose. */
function isSpokenOf(text: string, { hash, start, end }: Tokens, index: number): boolean {
  if (index === 0 || !towards.has(hash[index - 1]!) || text.slice(end[index - 1], start[index]) !== ' ') return false;
  // `Porto Alegre`, `Cambridge Street`: a longer name, which the tagger knows better; `from paris import …`: a program.
  return /^[,.!?;)]?(?:\s(?!\p{Lu}|import\b|[=({])|$)/u.test(text.slice(end[index], end[index]! + 10));
}

function place({ text, start, end }: Tokens, first: number, last: number): Candidate {
  const [from, to] = [start[first]!, end[last]!];
  return {
    start: from,
    end: to,
    class: 'PII',
    type: 'LOCATION',
    score: SCORE,
    detector: 'names:city',
    strength: 1,
    cues: [],
    alternatives: [],
    via: [],
    steps: [`a city by its name: ${SCORE}`],
    normal: text.slice(from, to).toLowerCase(),
  };
}
