"""The plots of the story grammar: sequences of stages, each with several ways to tell it.

Each stage follows from the one before: the lost thing is found, a hungry animal gets its food, prices add up.
`scenes.py` explains the names in braces.
"""

from __future__ import annotations

LOST = (
    (
        "{hero} had {a_adj} {thing}. {He} took it everywhere. But one day, the {thing} was gone.",
        "One day, {hero} lost {his} {thing}. It was {a_rareadj} {thing}, a gift from {elder}.",
        "“Oh no!” cried {hero}. “My {thing} is missing! I’ve lost my {thing}!”",
    ),
    (
        "{He} looked under the {thing2}. {He} looked behind the {nature}. The {thing} wasn’t there, and {hero} felt {bad}.",
        "{hero} searched the {place}, the {place2} and the {compound}, but {he} couldn’t find the {thing}.",
        "First {he} {acted} to the {place}. No {thing}. Then {he} {acted} to the {place2}. No {thing} there, either!",
    ),
    (
        "“Don’t be {bad},” said {friend}. “We’ll find your {thing} together.”",
        "{friend} saw that {hero} was {bad}. “What have you lost?” {fhe} asked. “My {thing},” said {hero}.",
        "{hero} asked {friend} for help, because {friend} was {traiter} than anyone else.",
    ),
    (
        "They followed {number} {adj} {compounds} to the {place2}. There stood {a_animal}, and it had the {thing}! It {sounded} and gave it back for {a_treat}.",
        "At last, {friend} found the {thing} in the {home} of the {animal}. The {animal} {sounded}. It had only wanted {a_treat}!",
        "Under {a_adj} {nature}, beside the {thing2}, lay the {thing}. “There it is!” shouted {friend}.",
    ),
    (
        "{hero} hugged the {thing}. “Thank you, {friend}!” {he} said. {He} wasn’t {bad} any more; {he} was {good}.",
        "Because {friend} had helped, {hero} let {fhim} keep the {thing} for {number} days.",
    ),
)  # fmt: skip

HUNGRY = (
    (
        "By the {nature}, {hero} met {a_adj} {animal}. It {sounded} and {sounded}, because it was hungry.",
        "A little {animal} sat in front of the {place}. “Why are you so {bad}?” asked {hero}. The {animal} only {sounded}.",
    ),
    (
        "{hero} offered it {a_food}, but the {animal} wouldn’t eat it. {He} offered it {a_rareadj} {compound}, but it wouldn’t eat that, either.",
        "“Do you like {foods}?” asked {hero}. The {animal} shook its head. “What do {animals} eat?” {hero} wondered.",
    ),
    (
        "“Don’t you know?” said {friend}. “Every {animal} loves {a_treat}!” So {hero} {ived} home to get {a_treat}.",
        "{elder} knew the answer. “Give it {a_treat},” {elder} said, “and it’ll be your friend.”",
    ),
    (
        "The {animal} ate the {treat} and {sounded} {adjly}. Then it went back to its {home} and slept.",
        "As soon as it saw the {treat}, the {animal} {ived} and {ived}. It wasn’t hungry any more, so it {acted} to its {home}.",
    ),
    (
        "Now, whenever {hero} {tvs} {a_treat}, the {animal} comes out of its {home}.",
        "{hero} named it {pet}. {pet} the {animal} followed {him} everywhere, even to the {place2}.",
    ),
)  # fmt: skip

MARKET = (
    (
        "{hero} went to the market to buy {count} {goods}. {He} had {budget} in {his} {adj} bag.",
        "“Please buy {count} {goods} for the {adj} soup,” said {elder}, and gave {hero} {budget}.",
    ),
    (
        "“How much is one {good_one}?” asked {hero}. “{price}, and no less,” said the {trade}.",
        "A sign said: {goods}, {price} each. {hero} began to count on {his} fingers.",
    ),
    (
        "{count} times {price} is {total}. {hero} paid {total} and got {change} back.",
        "“That’ll be {total},” said the seller. {hero} gave {budget}, and the seller returned {change}.",
    ),
    (
        "With {change}, {he} bought {friend} {a_compound}. {friend} was very {good}.",
        "But on the way home, {a_animal} {tved} the bag, and only {number} {goods} were left. {hero} was {bad}.",
        "{hero} put {change} into {his} {adj} {thing} and {acted} home {adjly}.",
    ),
)

CONTEST = (
    (
        "Every year, there was a contest in {town}: who could {act} the {traitest}?",
        "“I’m {traiter} than you,” said {friend}. “No, I’m the {traitest} of all!” said {hero}. So they decided to {act}.",
    ),
    (
        "{hero} practiced {acting} for {number} days. {He} {acted} at {time}, and {he} {acted} at {time}.",
        "{elder} taught {hero} to {act} {traitly}. “{Rareadj} {foxes|people|heroes} never win,” {elder} said, “but {trait} ones do.”",
    ),
    (
        "On the day of the contest, {number} {children|people|neighbors} from {Town} came to watch. {friend} {acted} first. {Fhe} {acted} {adjly}.",
        "The {trade} rang a bell at {time}, and they {acted} and {acted}. {Girl} from {Town} fell over {a_compound}!",
    ),
    (
        "Then it was {hero}’s turn. {He} {acted} so {traitly} that everyone {cheered|clapped|gasped}. {He} was {traiter} than {friend}, so {he} won the {thing}.",
        "In the end, {friend} {acted} {number} steps further, so {friend} won the {thing}. {hero} was {bad} at first, but then {he} congratulated {fhim}.",
    ),
    (
        "“You deserve it,” said the loser. “You’re the {traitest} {act_er} in {town}.”",
        "They shared the prize: {count} {goods} and {a_rareadj} {thing2}.",
    ),
)  # fmt: skip

TRADE = (
    (
        "The {trade} of {town} was {bad}. His {tool} was broken, and without {a_tool} he couldn’t make a single {product}.",
        "{hero} wanted to be a {trade}. “A {trade} needs {a_tool},” said {elder}, “and a lot of {rarenoun}.”",
    ),
    (
        "“I’ll fix your {tool},” said {hero}. {He} took {a_adj} {thing} and {number} {compounds} and began to work.",
        "So {hero} {tved} and {tved} until {he} had saved {budget}, which was enough for {a_adj} {tool}.",
    ),
    (
        "It wasn’t easy. First, the {tool} was too {adj}; then it was too {adj}. But at {time} it worked!",
        "{friend} {rareed} the {compound}, {hero} {rareed} the {tool}, and soon everything was {unbroken|remade|as good as new}.",
    ),
    (
        "Since the {tool} worked again, the {trade} could make {a_product}. It was the {adjest} {product} anyone had ever seen.",
        "With the {tool}, {hero} made {his} first {product}. It was {a_adj} {product}, but {he} was {good}.",
    ),
    ("The {trade} thanked {him} with {count} {goods}.", "“You’re a real {trade} now,” said {friend}."),
)

JOURNEY = (
    (
        "{hero} wanted to travel from {town} to {town2}. {He} packed {a_thing}, {number} {foods} and {his} {adj} {thing2}.",
        "A letter came from {town2}. “Dear {hero},” it said, “please come {adjly}. Yours, {friend}.”",
    ),
    (
        "{He} {acted} over the {nature}, through the {nature2} and past the {compounds} of {Town}.",
        "The road to {town2} was {count} miles long. After {number} miles, {hero} was {adj}; after {number} more, {he} was {adjer}.",
    ),
    (
        "At the {nature2}, {a_rareadj} {animal} stopped {him}. “Only {trait} people may cross,” it {said|sounded|growled}. “Are you {trait}?” “I’m the {traitest} of {town},” said {hero}.",
        "But the bridge over the {nature2} had fallen, so {he} had to {act} across. The {animal} showed {him} where.",
    ),
    (
        "Because {hero} was {trait}, the {animal} let {him} pass. By {time}, {he} saw the {towers|roofs|lights|windmills} of {town2}.",
        "{He} gave the {animal} {a_treat}, and it {sounded} and carried {him} all the way to {town2}.",
    ),
    (
        "“Welcome to {town2}!” said {friend}. “I’ve waited since {time}.” They ate {foods} and {acted} until midnight.",
        "{town2} was {adjer} than {town}, but {hero} missed {his} {thing}. After {number} days, {he} went home.",
    ),
)  # fmt: skip

SECRET = (
    (
        "Behind the {nature}, {hero} found {a_rareadj} door. On it was written, in {adj} letters: “{Compound}”.",
        "{hero} had a secret: in the {place} there was {a_rareadj} {thing} that could talk.",
        "One night at {time}, something {ived} under the bed. It was {a_rareadj} {compound}!",
    ),
    (
        "“Tell me a word with {rarenoun} in it,” it said, “and I’ll grant you a wish.”",
        "“I’m the {Compound} of {Town},” it said. “{Rareadj} {children|people} may ask me for one wish.”",
    ),
    (
        "{hero} thought {adjly}. {He} could wish for {a_rareadj} {thing2}, or {count} {goods}, or {a_compound}. Instead, {he} wished that {friend} wouldn’t be {bad} any more.",
        "“I wish I could {act},” said {hero}. And {he} {acted}! {He} {acted} over the {nature}, {acting} like {a_animal}.",
    ),
    (
        "There was a flash — and the {place} was full of {rarenoun}. The {things} {ived}, the {compounds} {ived}, and the {animal} {sounded}.",
        "“It’s done,” said the voice. It never {rareed} again, though {hero} came back {number} times.",
    ),
)  # fmt: skip

QUARREL = (
    (
        "{hero} and {friend} both wanted the {adj} {thing}. “It’s mine!” said {hero}. “No, it’s mine!” said {friend}.",
        "{friend} {tved} {hero}’s {thing} without asking. {hero} was very angry.",
    ),
    (
        "They pulled and pulled, until the {thing} broke into {number} pieces. Now they were both {bad}.",
        "“You’re {a_rareadj} {animal}!” shouted {hero}. {friend} began to cry and {ived} to the {place}.",
    ),
    (
        "{elder} heard the noise. “{Things} can be mended,” {elder} said, “and friends can, too. Say you’re sorry.”",
        "{hero} sat by the {nature} and thought: if I were {traiter}, {friend} wouldn’t be {bad}.",
    ),
    (
        "“I’m sorry,” said {hero}. “I’m sorry, too,” said {friend}. “I shouldn’t have {rareed} it.” They hugged and mended the {thing} with {a_thing2}.",
        "So {hero} brought {a_food} and {a_compound} to the {place}. {friend} couldn’t be angry any more, and {fhe} gave back the {thing}.",
    ),
    (
        "Now they take turns: {hero} has the {thing} on {Monday|Tuesday|Friday}, and {friend} has it on {Wednesday|Saturday|Sunday}.",
    ),
)

BAKING = (
    (
        "{hero} and {friend} wanted to bake {a_food}. They needed {count} eggs, {number} cups of flour and {a_rareadj} spoon.",
        "It was {elder}’s birthday, and {hero} had promised to make {foods}.",
    ),
    (
        "{friend} stirred, {hero} tasted, and the {animal} {sounded} for {a_treat}. “It’s too {adj},” said {friend}. “It needs {compound} sugar.”",
        "First they {tved} the {foods}; then they {tved} the {compounds}; then they put everything into the oven at {time}.",
    ),
    (
        "But they forgot the time, and the kitchen was full of smoke. The {food} was {adj}, {adjer} than a {nature}!",
        "When it was done, the {food} was {adjer} and {adjer}, until it was as big as a {nature}.",
    ),
    (
        "“Never mind,” laughed {elder}. “A burnt {food} made with {rarenoun} is better than {a_adj} one without.”",
        "They shared it with all of {town}. Everyone got {a_adj} piece, even {Boy} and {Girl} from {Town}.",
    ),
)

FEAR = (
    (
        "{hero} was {bad}. Tomorrow {he} had to {act} in front of the whole school.",
        "{hero} heard a noise in the {place}. Something {ived} there, something {rareadj}.",
    ),
    (
        "“What if I fall? What if they laugh?” {he} thought. {He} couldn’t sleep till {time}.",
        "{His} heart beat {adjly}. {He} took {his} {thing} and {ived} closer, one step, two steps, {number} steps.",
    ),
    (
        "“I used to be {bad}, too,” said {elder}. “Then I learned that {trait} people aren’t fearless. They {act} anyway.”",
        "“I’ll come with you,” said {friend}. “Two are {traiter} than one.”",
    ),
    (
        "So {hero} {acted}. {He} {acted} {traitly}, and nobody laughed. When it was over, {he} was {good}.",
        "And what was it? Only {a_animal} with {a_treat}! It {sounded}, and {hero} laughed. {He} wasn’t {bad} any more.",
    ),
)

PLOTS = (LOST, HUNGRY, MARKET, CONTEST, TRADE, JOURNEY, SECRET, QUARREL, BAKING, FEAR)
