#!/usr/bin/perl
# Strict JSON: where the first fault is, and the limits.

use strict;
use warnings;
use Test::More;
use Strongroom;

my $house = house();
$house->worker;

sub post { $house->fcgi(body => $_[0]) }
my $NL = '{"name":"n","integration_type":"jira"';

# No body, null, and values that are no object.
faults_are(post($_), [[[] => 'field required' => 'value_error.missing']],
    length $_ ? "body $_ is missing" : 'no body is missing')
    for '', 'null', " null\n";
faults_are(post($_),
    [[[] => 'value is not a valid dict' => 'type_error.dict']],
    "$_ is no dict") for '[]', '"x"', '5', '-0', '1e5', 'true', 'false',
    "[$NL}]", '""';

# [body, offset] or [body, [from, to]] where more than one byte may be meant.
my @bad = (
    [' ', 1], ["\t\r\n ", 4], ['{', 1], ['{ ', 2], ['{"', 2], ['{"a', 3],
    ['{"a"', 4], ['{"a":', 5], ['{"a":1', 6], ['{"a":1,', 7],
    ['{"a":"', 6], ['{"a":"\\', 7], ['{"a":"\\u12', [6, 10]], ['[', 1],
    ['[1', 2], ['[1,', 3], ['{"a":tru', 8], ['{"a":-', 6], ['{"a":1.', 7],
    ['{"a":1e', 7], ['{"a":1e+', 8],
    ['}', 0], [']', 0], [',', 0], [':', 0], ['{]', 1], ['[}', 1],
    ['{,}', 1], ['{"a"}', 4], ['{"a",1}', 4], ['{"a" 1}', 5],
    ['{"a":}', 5], ['{"a":,}', 5], ['{"a"::1}', 5], ['{"a":1 "b":2}', 7],
    ['{"a":1;"b":2}', 6], ['{"a":1,,"b":2}', 7], ['{"a":[1 2]}', 8],
    ['{"a":[,1]}', 6], ['{"a":[1,,2]}', 8],
    ['{"a":1,}', 7], ['{"a":[1,]}', 8], ['{1:2}', 1], ['{a:1}', 1],
    ['{null:1}', 1], ["{'a':1}", 1], ["{\"a\":'b'}", 5],
    ['{"a":NaN}', 5], ['{"a":nan}', [5, 6]], ['{"a":Infinity}', 5],
    ['{"a":-Infinity}', [5, 6]], ['{"a":undefined}', 5], ['{"a":True}', 5],
    ['{"a":TRUE}', 5], ['{"a":nul}', [5, 8]], ['{"a":nulll}', [5, 9]],
    ['{"a":truefalse}', [5, 9]],
    ['{"a":01}', [5, 6]], ['{"a":-01}', [5, 7]], ['{"a":00}', [5, 6]],
    ['{"a":+1}', 5], ['{"a":.5}', 5], ['{"a":1.}', 7], ['{"a":-}', 6],
    ['{"a":1.e5}', 7], ['{"a":1e}', 7], ['{"a":1e+}', 8], ['{"a":0x10}', 6],
    ['{"a":1_0}', 6], ['{"a":1.2.3}', 8], ['{"a":--1}', 6],
    ['{"a":1}x', 7], ['{"a":1} {}', 8], ['{"a":1}}', 7], ['null null', 5],
    ['{"a":1},', 7], ["{\"a\":1}\0", 7], ["\0", 0], ["{\0}", 1],
    ['{"a":1}//', 7], ['{/**/"a":1}', 1], ['{"a":1/**/}', 6], ['#', 0],
    ["{\"a\":1}\x0b", 7], ["\x0c{}", 0], ["\xc2\xa0{}", 0],
    ["\xef\xbb\xbf{}", 0],
    ["{\"a\":\"x\ny\"}", 7], ["{\"a\":\"\t\"}", 6], ["{\"a\":\"\0\"}", 6],
    ["{\"a\":\"\x1f\"}", 6], ["{\"a\nb\":1}", 3],
    ['{"a":"\\x41"}', [6, 7]], ['{"a":"\\\'"}', [6, 7]],
    ['{"a":"\\u12g4"}', [6, 10]], ['{"a":"\\U0041"}', [6, 7]],
    ["{\"a\":\"\xff\"}", 6], ["{\"a\":\"\x80\"}", 6], ["{\"a\":\"\xc0\xaf\"}", 6],
    ["{\"a\":\"\xc1\xbf\"}", 6], ["{\"a\":\"\xe0\x80\x80\"}", [6, 7]],
    ["{\"a\":\"\xf0\x80\x80\x80\"}", [6, 7]],
    ["{\"a\":\"\xf4\x90\x80\x80\"}", [6, 7]],
    ["{\"a\":\"\xf5\x80\x80\x80\"}", 6], ["{\"a\":\"\xe2\x82\"}", [6, 8]],
    ["{\"a\":\"\xe2\x28\xa1\"}", [6, 7]], ["{\"a\":\"\xe2", [6, 7]],
    ["{\"\xff\":1}", 2],
    ["{\"a\":\"\xed\xa0\x80\"}", [6, 7]], ["{\"a\":\"\xed\xbf\xbf\"}", [6, 7]],
    ["{\"a\":\"\xed\xa0\xbd\xed\xb8\x80\"}", [6, 7]],
    ['{"a":"\\ud83d"}', [6, 12]], ['{"a":"\\ud83dx"}', [6, 12]],
    ['{"a":"\\ude00"}', [6, 12]], ['{"a":"\\ud83d\\u0041"}', [6, 17]],
    ['{"a":"\\ud83d\\ud83d"}', [6, 17]], ['{"a":"\\ude00\\ud83d"}', [6, 12]],
    ['{"a":"\\ud83d\\n"}', [6, 13]], ['{"\\udead":1}', [2, 8]],
    ['{"name":"n","zzz":{"\\ud800":1}}', [20, 26]],
);
for my $bad (@bad) {
	my ($body, $at) = @$bad;
	(my $shown = $body) =~ s/([^ -~])/sprintf '<%02x>', ord $1/ge;
	json_fault_is(post($body), $at, "fault in $shown");
}

# Another encoding is called by its name.
sub fault_says {
	my ($body, $at, $like, $name) = @_;
	my $answer = post($body);
	json_fault_is($answer, $at, $name);
	like($answer->{body}, qr/"msg":"[^"]*$like[^"]*"/, "$name: is named");
}
my $ascii = "$NL}";
fault_says("\xef\xbb\xbf$ascii", 0, 'byte order mark', 'a BOM');
fault_says("\xef\xbb\xbf", 0, 'byte order mark', 'a BOM and nothing else');
my $le = $ascii =~ s/(.)/$1\0/gr;
my $be = $ascii =~ s/(.)/\0$1/gr;
fault_says($le, 1, 'UTF-16', 'UTF-16');
fault_says($be, 0, 'UTF-16', 'UTF-16 the other way');
fault_says("\xff\xfe$le", 0, 'UTF-16', 'UTF-16 with a BOM');
fault_says("\xfe\xff$be", 0, 'UTF-16', 'UTF-16 with a BOM, the other way');
fault_says($_, [0, 1], 'UTF-16', 'UTF-16 that begins with '
    . join ' ', unpack '(H2)2', $_) for " \0{\0", "\0 \0{", "\n\0", "1\0",
    "\"\0a\0\"\0", "t\0r\0", "-\0001\0", "[\0]\0", "\xff\xfe";
for my $plain ("\0", "\0\0", "{\"\0", "\xef\xbb", "\xff", "\xff\xff",
    "\xbb\xef\xbf", "{ \0", " \xef\xbb\xbf{}") {
	unlike(post($plain)->{body}, qr/UTF-16|byte order/,
	    'nothing of the kind is read into ' . unpack 'H*', $plain);
}

# The same fault far from the start, and in members that are ignored.
my $far = $NL . ',"metadata":{"x":"' . 'é' x 5000 . '"},"zzz":[{"k":NaN}]}';
utf8::encode($far) if utf8::is_utf8($far);
json_fault_is(post($far), index($far, 'NaN'), 'offsets are bytes');
json_fault_is(post("[]$NL}"), 2, 'a second value is a fault of the JSON');
json_fault_is(post('[nope]'), [1, 2],
    'JSON is judged before the kind of the value');

# Every truncation of a good body is a fault at its end, or at the beginning
# of the escape that is cut.
my $whole = $NL . ',"active":true,"auth_data":{"access_token":"a\\u00e9\\n",'
    . '"n":[-1.5e3,null,{}]},"metadata":null}';
my @wrong = grep {
	my $part = substr $whole, 0, $_;
	my $from = $part =~ /\\u[0-9a-f]{0,3}\z/ ? $-[0] : $_;
	my ($at) = post($part)->{body} =~ /"loc":\["body",(\d+)\],/;
	!defined $at || $at < $from || $at > $_;
} 1 .. length($whole) - 1;
is("@wrong", '', 'every truncation is a fault at the end of the body');
saved_ok(post($whole), 'and the whole is good');

# Depth: the body object is the first level.
for my $kind (['[', ']'], ['{"a":', '}']) {
	my ($open, $close) = @$kind;
	my $deep = sub { "$NL,\"zzz\":" . $open x $_[0]
	    . ($open eq '[' ? '' : '1') . $close x $_[0] . '}' };
	saved_ok(post($deep->(31)), "32 levels of $open");
	my $at = length("$NL,\"zzz\":") + 31 * length $open;
	json_fault_is(post($deep->(32)), $at, "33 levels of $open");
	json_fault_is(post($deep->(20000)), $at, "20,001 levels of $open");
}

# Members of one object: 1,024, duplicates count.
sub members { join '', map { ",\"$_[1]" . ($_[2] ? $_ : '') . '":0' } 1 .. $_[0] }
for my $apart (1, 0) {
	my $what = $apart ? 'different' : 'equal';
	saved_ok(post($NL . members(1022, 'm', $apart) . '}'),
	    "1,024 members, $what names");
	my $body = $NL . members(1023, 'm', $apart) . '}';
	my $last = rindex $body, ',';
	json_fault_is(post($body), [$last, length($body) - 1],
	    "1,025 members, $what names");
	my $inner = substr members(1025, 'm', $apart), 1;
	$body = "$NL,\"metadata\":{$inner}}";
	$last = rindex $body, ',';
	json_fault_is(post($body), [$last, length($body) - 2],
	    "1,025 members in an inner object, $what names");
}
saved_ok(post("$NL,\"a\":{" . substr(members(1024, 'x', 1), 1) . '},"b":{'
    . substr(members(1024, 'y', 1), 1) . '}}'),
    'the limit is for each object');

# Values in all: 16,384, of which 4 are the body, name, type and the array.
saved_ok(post("$NL,\"zzz\":[" . '0,' x 16379 . '0]}'), '16,384 values');
my $many = "$NL,\"zzz\":[" . '0,' x 16380 . '0]}';
json_fault_is(post($many), [rindex($many, '0'), rindex($many, '0') + 1],
    '16,385 values');
my $empty = "$NL,\"zzz\":[" . join(',', ('[]') x 8190, ('{}') x 8190) . ']}';
saved_ok(post($empty), '16,384 values that are mostly empty arrays');
json_fault_is(post($empty =~ s/\]\}\z/,0]}/r),
    [length($empty) - 2, length($empty)], 'and one more');

# Names: duplicates, escapes, U+0000.
my $data = saved_ok(post('{"name":5,"name":"last","integration_type":"nope",'
    . '"integration_type":"jira"}'), 'of duplicate names the last wins');
is($data->{name}, 'last', 'the last name');
faults_are(post('{"name":"n","integration_type":"jira","name":5}'),
    [[['name'] => 'str type expected' => 'type_error.str']],
    'the last wins though it is the bad one');
$data = saved_ok(post('{"n\\u0061me":"esc","integr\\u0061tion\\u005ftype":'
    . '"slack"}'), 'a member may be named by escapes');
is($data->{name}, 'esc', 'and is the known one');
$data = saved_ok(post('{"name":"first","integration_type":"jira",'
    . '"\\u006eame":"second"}'), 'an escaped duplicate');
is($data->{name}, 'second', 'is a duplicate');
faults_are(post('{"name\\u0000":"n","integration_type":"jira"}'),
    [[['name'] => 'field required' => 'value_error.missing']],
    'name\u0000 is not name');
$data = saved_ok(post("$NL,\"name\\u0000\":5,\"active\\u0000x\":\"no\"}"),
    'members with U+0000 in their names are unknown ones');
is($data->{name}, 'n', 'and change nothing');
faults_are(post('{"Name":"n","integration_type":"jira"," name":"n"}'),
    [[['name'] => 'field required' => 'value_error.missing']],
    'names are compared exactly');
saved_ok(post(" \t\r\n{ \"name\" :\t\"n\" ,\r\n\"integration_type\":\n\"jira\""
    . " } \r\n"), 'white space is allowed everywhere');
saved_ok(post("$NL,\"zzz\":[1E400,-0,0e0,123456789012345678901234567890,"
    . '1.5E-400,"\\ud83d\\ude00","\\/\\b\\f",null,true,{"":""}]}'),
    'what is valid is valid in ignored members too');

finish();
