"""Scenes for any story: openings, weather, details, talk, endings.

A template names what it draws: {hero}, {friend}, {thing}, … belong to the story and stay the same; {adj}, {compound}, {ived}, … are drawn
from the lexicon each time; {a|b|c} is one of the alternatives.
"""

from __future__ import annotations

OPENINGS = (
    "Once upon a time, there was {a_adj} {child} named {hero}. {He} lived in {a_adj} {house|cottage|village} near the {place}.",
    "One {day|morning}, {hero} woke up {early|late|at dawn}. {He} put on {his} {wear}, because it was {weather}.",
    "In the {adj} town of {town}, everyone knew {hero}. {He} was the {traitest} {child} for miles around.",
    "There once was a {trait} {child} called {hero}, who loved to {act}. {He} {acted} in the {place}, {he} {acted} by the {nature}, and {he} even {acted} in {his} sleep.",
    "{hero} and {friend} were best friends. They lived in {town}, where the {natures} are {adjer} than anywhere else.",
    "Long ago, in {year}, {a_trait} {child} named {hero} moved to {town} with {his} {mother|father|family|uncle}.",
    "It was {a_weather} {day|morning|afternoon} in {town}. The {sky_thing} {sky_did}, and {hero} wore {his} {wear}.",
    "{hero} was {number} years old and very {trait}. {His} {friend_word}, {friend}, was even {traiter}.",
    "Every {day|morning|evening|Sunday}, {hero} {ived} to the {place} to see {his} {friend_word} {friend}.",
    "Far away, behind the {adj} {nature}, there was a village called {town}. {A_adj} {child} named {hero} lived there with {his} {animal}.",
    "{hero} had {a_adj} {animal}. The {animal} slept in the {home}, ate {a_treat} every day, and {sounded} whenever {hero} came home.",
    "“Wake up, {hero}!” called {his} mother. “It’s {time} already!” {hero} {yawned|sighed|groaned} and looked for {his} {adj} {thing}.",
)  # fmt: skip

WEATHER = (
    "It was {a_weather} day. The {sky_thing} {sky_did} all {morning|day|afternoon}, so {hero} put on {his} {wear}.",
    "The {sky_thing} {sky_did} over the {nature}. “It’s so {weather},” said {friend}. “Don’t forget your {wear}!”",
    "Outside it was {weather}, and the {sky_thing} {sky_did} on the {compounds}. {hero} was {good} to have {a_adj} {wear}.",
    "Then it grew {weather}. {friend} had no {wear}, so {hero} shared {his}.",
    "At {time} the {sky_thing} {sky_did}. {friend} {shivered|smiled|blinked} and buttoned up {fhis} {wear}.",
)

FILLERS = (
    "{A_adj} {beast} {ived} {adjly} past the {nature}.",
    "On the way, they {tved} {a_rareadj} {compound} and {number} {adj} {things}.",
    "{hero} {tved} the {item} and {tved} the {item}, but {he} didn’t {tv} the {item}.",
    "The {compounds} were {adj}, the {natures} were {adjer}, and the {place} was the {adjest} of all.",
    "{friend} was {iving} and {iving}, while {hero} was {tving} {a_adj} {item}.",
    "Old {Girl} {rareed} the {compound} with great {rarenoun}.",
    "Nobody in {town} had ever {seen|heard of|wanted} such {a_rareadj} {compound}.",
    "{Boy} from {Town} came by with {a_rareadj} {beast} and {number} {compounds}.",
    "It smelled of {dish} and {dishes}, {adj} {dishes} and {compound} tea.",
    "{He} {ived} {rarely}, as one does beside {a_adj} {nature}.",
    "The {adj} {item} was {adjer} than the {compound}, but not as {adj} as the {item}.",
    "“{Iving} is fun,” said {friend}, “but {tving} {things} is better.”",
    "A {compound} {ived} on the {nature}. {Girl} and {Boy} {tved} it {adjly}.",
    "With {a_rareadj} {smile|sigh|look|whistle}, {hero} {tved} {his} {compound}.",
    "Every {compound} needs {a_adj} {item}; every {beast} needs {a_rareadj} {place}.",
    "There was a smell of {rarenoun} in the air — or was it {dish}?",
    "The clock struck {time}. Somewhere {a_beast} {ived}, and {number} {beasts} {ived} after it.",
    "“Who {tved} my {compound}?” asked {Girl}. “I’ve {rareed} it {number} times!”",
    "The {mayor|teacher|postman|cook|captain} of {Town}, {a_rareadj} {man|woman|fellow} named {Boy}, {rareed} the {things}.",
    "On the {wall|door|gate|sign} someone had written: “No {iving} after {time}!”",
)

TALK = (
    "“Where are you going, {hero}?” asked {friend}.\n“I’m going to the {place},” said {hero}. “Won’t you come along?”\n“Of course I’ll come,” {friend} {answered|replied|said} {adjly}.",
    "“I can’t {act},” said {friend}. “You {act}, and I’ll watch.”\n“Nonsense!” said {hero}. “Everyone {acts} in {town}.” So {friend} {acted} too, and {fhe} didn’t stop {acting} till {time}.",
    "“What’s that?” {whispered|asked|cried} {friend}.\n“It’s only {a_adj} {animal},” said {hero}. “It {ivs} because it’s {adj}.”",
    "“You’re the {traitest} {child} I’ve ever met,” said {friend}.\n“And you’re {traiter} than you think,” said {hero}.",
    "“How many {things} do you have?” asked {friend}.\n“{Number},” said {hero}. “But I’d give them all for {a_rareadj} {compound}.”",
    "“Are you {bad}?” asked {friend}.\n“I was {bad} this morning,” said {hero}, “but now I’m {good}.”",
    "“They’re {iving} at the {place},” said {friend}. “Let’s go and {iv} with them!”\n{hero} {nodded|laughed|frowned}. “We’d better {tv} the {things} first.”",
    "“Isn’t it {weather}!” said {friend}. “Where’s your {wear}?”\n“I’ve left it at the {place},” said {hero}, “but I don’t mind.”",
    "“That {trade} makes the {adjest} {product} in {town},” said {friend}. “He couldn’t do it without his {tool}.”",
    "“Hello, {elder}!” said {hero}. “Have you seen {a_compound}?”\n“Not since {year},” said {elder}, and {ived} {rarely} away.",
)  # fmt: skip

ENDINGS = (
    "From that day on, {hero} and {friend} {acted} together every {day|morning|week|Sunday}.",
    "{hero} was no longer {bad}. {He} was {good}, and so was {friend}.",
    "That night, {hero} dreamed of {a_rareadj} {compound}. The end.",
    "And they all lived {adjly} ever after.",
    "“I’ve learned something today,” said {hero}. “It’s better to be {trait} than to be {adj}.”",
    "When {he} came home at {time}, {his} mother had made {foods}. {hero} ate {number} and fell asleep {adjly}.",
    "So {hero} {acted} home, {good} and {adj}, and told {his} {animal} all about it. The {animal} {sounded}.",
    "The moral of the story is: a {trait} friend is worth more than {number} {rareadj} {things}.",
    "Ever since, the people of {town} say: “As {trait} as {hero}!”",
    "“Goodnight, {hero},” said {friend}. “Goodnight, {friend},” said {hero}. And the {sky_thing} {sky_did} no more.",
    "{hero} smiled — it had been the {adjest} day since {year}. {emoji}",
    "And if {hero} hasn’t stopped {acting}, {he}’s {acting} still.",
)
