#!/usr/bin/perl
# What a client sends is kept: auth_data byte for byte, other members of
# metadata and scope_data in their order, and the defaults beside them.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode encode);

my $house = house();
$house->worker;

# auth_data reads back byte for byte.
my @auth = (
    '{}', '{ }', "{\n\t\r }", '{"access_token":"t"}',
    '{ "access_token" : "t" , "z" : [ 1 , 2 ] }',
    "{\"access_token\"\t:\r\n\"t\"\n}",
    '{"n":1E400,"m":-1e-400,"big":123456789012345678901234567890}',
    '{"n":1.0,"m":1.00,"k":-0,"j":-0.0,"i":0e-0,"h":1E+05,"g":1e5}',
    '{"a":1,"a":2,"a":1}', '{"access_token":"x","access_token":"y"}',
    '{"b":1,"a":2,"c":{"z":1,"a":{"q":[]}}}',
    '{"u":"\\u0041\\u00e9\\/\\ud83d\\ude00\\u0000\\n"}',
    "{\"u\":\"\xc3\xa9\xe5\x90\x8d\xf0\x9f\x94\x91\x7f\"}",
    '{"":"","access_token\\u0000":5,"\\u0000":[null,true,false]}',
    '{"access_token":null,"refresh_token":null,"expires_at":null}',
    '{"expires_at":"2024-01-15 10:30:00","scope":"a b"}',
    '{"scope":["b", "a" ,"b"]}',
    '{"long":"' . 'x' x 200_000 . '"}',
    '{"deep":' . '[' x 29 . ']' x 29 . '}',
);
for my $auth (@auth) {
	(my $shown = substr $auth, 0, 60) =~ s/([^ -~])/sprintf '<%02x>', ord $1/ge;
	my $data = saved_ok($house->fcgi(body => with_auth($auth)), $shown);
	my $got = $house->reveal($data->{integration_id});
	ok($got eq $auth, "reveals the very bytes of $shown")
	    || diag(substr $got, 0, 200);
}
my $data = saved_ok($house->fcgi(body => '{"auth_data":{"a":1},"name":"n",'
    . '"auth_data" : {"b" :2} ,"integration_type":"jira"}'),
    'auth_data twice');
is($house->reveal($data->{integration_id}), '{"b" :2}', 'the last is kept');
$data = saved_ok($house->fcgi(body => '{"name":"n","integration_type":"jira",'
    . '"\\u0061uth_data":{"c":3}}'), 'auth_data by an escaped name');
is($house->reveal($data->{integration_id}), '{"c":3}', 'is auth_data');
# What PHP writes for an empty object is one.
for my $empty ('[]', "[ \n]") {
	$data = saved_ok($house->fcgi(body => '{"name":"n","integration_type":'
	    . "\"jira\",\"auth_data\":$empty,\"scope_data\":$empty,"
	    . "\"metadata\":$empty}"), 'an empty array for each object');
	is($house->reveal($data->{integration_id}), '{}', 'auth_data is {}');
	my $is = $house->show($data->{integration_id});
	is(encode($is->{scope_data}), '{}', 'scope_data is {}');
	is(encode($is->{metadata}), encode({ instance_name => 'n', created_via =>
	    'manual', version => undef, description => undef, tags => [] }),
	    'metadata is its defaults');
	is($data->{$_} ? 1 : 0, 0, $_) for qw(has_auth_data has_scope_data);
	is(($house->rows('SELECT scope_data, auth_data IS NULL AS none FROM '
	    . "integrations WHERE integration_id = '$data->{integration_id}'"
	    ))[0]{$_->[0]}, $_->[1], "$_->[0] is stored so")
	    for ['scope_data', '{}'], ['none', 0];
}
for my $none ('', '"auth_data":null,') {
	$data = saved_ok($house->fcgi(body => "{$none\"name\":\"n\","
	    . '"integration_type":"jira"}'), 'no auth_data');
	is($house->reveal($data->{integration_id}), 'null', 'reveals as null');
	is(($house->rows('SELECT auth_data IS NULL AS none FROM integrations '
	    . "WHERE integration_id = '$data->{integration_id}'"))[0]{none}, 1,
	    'is stored as no box at all');
}

# has_auth_data and has_scope_data.
my %auth_flag = ('{"access_token":"t"}' => 1, '{"access_token":" "}' => 1,
    '{"access_token":"\\u0000"}' => 1, '{"access_token":""}' => 0,
    '{"access_token":null}' => 0, '{}' => 0, 'null' => 0,
    '{"refresh_token":"t","code":"c"}' => 0,
    '{"access_token":"t","access_token":""}' => 0,
    '{"access_token\\u0000":"t"}' => 0, '{"Access_token":"t"}' => 0,
    '{"x":{"access_token":"t"}}' => 0);
for my $auth (sort keys %auth_flag) {
	$data = saved_ok($house->fcgi(body => with_auth($auth)), $auth);
	is($data->{has_auth_data} ? 1 : 0, $auth_flag{$auth},
	    "has_auth_data with $auth");
}
my %scope_flag = ('{"org_slug":"o"}' => 1, '{"workspace_id":"w"}' => 1,
    '{"org_slug":"","workspace_id":"w"}' => 1, '{"org_slug":""}' => 0,
    '{"workspace_id":""}' => 0, '{"project_id":"p"}' => 0,
    '{"installation_id":"i"}' => 0, '{"org_slug":null}' => 0,
    '{"project_id":"p","installation_id":"i","other":"x"}' => 0,
    '{}' => 0, 'null' => 0, '{"org_slug":" "}' => 1, '[]' => 0,
    '{"org_slug":0}' => 1, '{"workspace_id":-7}' => 1,
    '{"workspace_id":12345678901234567890}' => 1,
    '{"org_slug":"","workspace_id":5}' => 1, '{"project_id":5}' => 0,
    '{"installation_id":5}' => 0, '{"workspace_id":5,"workspace_id":""}' => 0,
    '{"org_slug":"a","org_slug":null}' => 0);
for my $scope (sort keys %scope_flag) {
	$data = saved_ok($house->fcgi(body => '{"name":"n","integration_type":'
	    . "\"jira\",\"scope_data\":$scope}"), $scope);
	is($data->{has_scope_data} ? 1 : 0, $scope_flag{$scope},
	    "has_scope_data with $scope");
}

# metadata in the answer: [sent, expected], as text.
my $d = '"instance_name":"n","created_via":"manual","version":null,'
    . '"description":null,"tags":[]';
my @meta = (
    [undef, "{$d}"], ['null', "{$d}"], ['{}', "{$d}"],
    ['{"instance_name":null,"created_via":null,"version":null,'
	. '"description":null,"tags":null}', "{$d}"],
    ['{"instance_name":"","created_via":""}', "{$d}"],
    ['{"version":"","description":""}',
	$d =~ s/"version":null,"description":null/"version":"","description":""/r],
    ['{"tags":["b","a","b"],"description":"d","version":"1",'
	. '"created_via":"api","instance_name":"i"}',
	'{"instance_name":"i","created_via":"api","version":"1",'
	. '"description":"d","tags":["b","a","b"]}'],
    ['{"z":1,"a":{"y":[ 1 , {"b":2} ]},"m":null}',
	"{$d,\"z\":1,\"a\":{\"y\":[1,{\"b\":2}]},\"m\":null}"],
    ['{"z":1,"a":2,"z":3}', "{$d,\"z\":3,\"a\":2}"],
    ['{"z":1,"tags":["x"],"a":2,"tags":["y"],"z":{"k":1,"l":2,"k":[3]}}',
	'{' . $d =~ s/\[\]/["y"]/r . ',"z":{"k":[3],"l":2},"a":2}'],
    ['{"n":[1E400,-1e-400,123456789012345678901234567890,1.0,-0,0.10,1e5]}',
	"{$d,\"n\":[1E400,-1e-400,123456789012345678901234567890,1.0,-0,0.10,1e5]}"],
    ['{"s":"\\u00e9\\u540d\\ud83d\\udd11\\u007f\\/\\u0041"}',
	"{$d,\"s\":\"\xc3\xa9\xe5\x90\x8d\xf0\x9f\x94\x91\x7f/A\"}"],
    ['{"s":"\\"\\\\"}', "{$d,\"s\":\"\\\"\\\\\"}"],
    ['{"caf\\u00e9":1,"\\u0063\\u0061f\\u00e9":2}',
	"{$d,\"caf\xc3\xa9\":2}"],
    ['{"version\\u0000":1,"":2}', "{$d,\"version\\u0000\":1,\"\":2}"],
    ['{"version\\u0000":"x","version":"v"}',
	'{' . $d =~ s/"version":null/"version":"v"/r
	. ',"version\\u0000":"x"}'],
    ['{"created_via":"a\\u0000b"}',
	'{' . $d =~ s/manual/a\\u0000b/r . '}'],
    ['{"x":{"instance_name":5,"tags":"no"}}',
	"{$d,\"x\":{\"instance_name\":5,\"tags\":\"no\"}}"],
    ['{"deep":' . '[' x 29 . '1' . ']' x 29 . '}',
	"{$d,\"deep\":" . '[' x 29 . '1' . ']' x 29 . '}'],
);
for my $meta (@meta) {
	my ($sent, $want) = @$meta;
	$want = "{$want}" if $want !~ /\A\{/;
	my $body = '{"name":"n","integration_type":"jira"'
	    . (defined $sent ? ",\"metadata\":$sent" : '') . '}';
	my $answer = $house->fcgi(body => $body);
	my $shown = $sent // 'absent';
	$data = saved_ok($answer, "metadata $shown");
	my ($got) = $answer->{body} =~ /,"metadata":(.*)\},"error":null\}\z/s;
	is($got, $want, "is answered in the contract's form: $shown");
	my $shown_by = eval { $house->show($data->{integration_id}) } // {};
	is(encode($shown_by->{metadata}), encode(decode($want)),
	    "and is stored so: $shown") if $want !~ /1E400/;
}

# The members of the answer, their order and types.
my $answer = $house->fcgi(body => '{"name":"\\u00e9","integration_type":'
    . '"github","scope_data":{"org_slug":"o","extra":[1]}}');
$data = saved_ok($answer, 'the answer as a whole');
my $id = $data->{integration_id};
is($answer->{body}, "{\"success\":true,\"data\":{\"integration_id\":\"$id\","
    . "\"name\":\"\xc3\xa9\",\"integration_type\":\"github\",\"status\":"
    . '"active","active":true,"unique_identifier":"github-' . $id . '",'
    . '"created_by":"' . $house->user . '","created_at":"'
    . $data->{created_at} . '","has_auth_data":false,"has_scope_data":true,'
    . "\"metadata\":{\"instance_name\":\"\xc3\xa9\",\"created_via\":\"manual\","
    . '"version":null,"description":null,"tags":[]}},"error":null}',
    'has the members of the contract in its order');
like($id, qr/\A[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z/,
    'integration_id is a lower-case UUID of version 7');
my @ids = map { saved_ok($house->fcgi(body => with_auth('{}')))
    ->{integration_id} } 1 .. 5;
my $now = int(time * 1000);
my $then = hex(substr $ids[-1], 0, 8) * 65536 + hex substr $ids[-1], 9, 4;
cmp_ok(abs($now - $then), '<', 600_000, 'its first 48 bits are the time');
is("@{[sort @ids]}", "@ids", 'identifiers grow with time');
like($data->{created_at},
    qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\z/, 'created_at: six digits');
my $shown = $house->show($id);
is($shown->{created_at}, $data->{created_at}, 'is the value that is stored');
is_deeply($shown->{scope_data}, { org_slug => 'o', extra => [1] },
    'scope_data is kept whole');
unlike($answer->{body}, qr/extra/, 'and is not in the answer');

finish();
