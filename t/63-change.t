#!/usr/bin/perl
# Changing an integration by a merge patch, through nginx and by CGI: what is
# stored, byte for byte, what is answered, and what is refused in which order.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);

my $house = house(conf => { max_body => 4096, busy_timeout_ms =>
    500 * slow() });
$house->worker;
$house->nginx;
my $all = '/api/v2/integrations';

sub key_of {
	my ($user, @more) = @_;
	return $house->admin_ok(qw(key create --user), $user, @more)
	    =~ s/\n//r;
}

my %key = (
	alice => key_of('alice'),
	prints => key_of('alice', '--scopes', 'save,read,verify'),
	saves => key_of('alice', '--scopes', 'save'),
	reads => key_of('alice', '--scopes', 'read,reveal,verify'),
	slack => key_of('alice', '--types', 'slack,github'),
	bob => key_of('bob'),
);
my $nothing = '{"detail":"Integration not found"}';
my $failed = '{"detail":"Precondition Failed"}';
my $accepts = 'application/merge-patch+json';
my $way;
my %way = (nginx => sub { $house->http(@_) }, CGI => sub { $house->cgi(@_) });

sub ask { $way{$way}->(key => $key{alice}, @_) }

sub save {
	my (%m) = (name => '"n"', integration_type => '"jira"', @_);
	my $answer = ask(body => '{' . join(',', map { "\"$_\":$m{$_}" }
	    sort keys %m) . '}');
	return saved_ok($answer, "$way: a save")->{integration_id};
}

sub patch {
	my ($id, $body, %o) = @_;
	return ask(method => 'PATCH', path => "$all/$id", body => $body, %o);
}

sub get {
	my ($id, %o) = @_;
	return ask(method => 'GET', path => "$all/$id", type => undef,
	    body => '', length => undef, %o);
}

# Answered 200, and as reading answers by the same key.
sub changed {
	my ($id, $body, $name, %o) = @_;
	my $answer = patch($id, $body, %o);
	my $read = get($id, $o{key} ? (key => $o{key}) : ());
	answer_is($answer, 200, $read->{body}, "$way: $name");
	is($answer->{headers}{etag}, $read->{headers}{etag}, 'with its ETag');
	is($answer->{headers}{'accept-patch'}, $accepts, 'and Accept-Patch');
	return decode($answer->{body})->{data};
}

sub audit {
	return map { [$_->{action}, $_->{subject} =~ /"fields":\[(.*?)\]/] }
	    $house->rows("SELECT action, subject FROM audit WHERE action <> 'reveal' "
	. 'ORDER BY seq');
}

# The text of one audit row more, or of none.
sub told {
	my ($before) = @_;
	my @rows = audit();
	return join ' ', map { "@$_" } @rows[$before .. $#rows];
}

sub revision { decode(get($_[0])->{body})->{data}{revision} }

for my $each (sort keys %way) {
	$way = $each;
	my $auth = '{ "access_token" : "t-1" ,"refresh_token":"r-1", '
	    . '"expires_at":"2031-02-03T04:05:06Z","n":1E400 }';
	my $id = save(auth_data => $auth,
	    scope_data => '{ "org_slug" : "acme" , "x":[1 ,2] }',
	    metadata => '{"tags":["a"],"z":{"b":1,"c":2}}',
	    unique_identifier => "\"u-$way\"", name => '"Zo\u00eb"');

	# What is sealed.
	my $rows = audit();
	my $is = changed($id, '{"auth_data":{"access_token":"t-2"}}',
	    'a token');
	is($house->reveal($id), '{"access_token":"t-2","refresh_token":"r-1",'
	    . '"expires_at":"2031-02-03T04:05:06Z","n":1E400}',
	    'the others stay as they were, byte for byte');
	is($is->{revision}, 2, 'the next revision');
	is($is->{expires_at}, '2031-02-03T04:05:06.000000', 'the same expiry');
	is(told($rows), 'change "auth_data"', 'the audit says which member');
	$rows = audit();
	$is = changed($id, '{"auth_data":{"access_token":"t-2"}}',
	    'the same again');
	is($is->{revision}, 2, 'is none');
	changed($id, '{}', 'nothing at all');
	is(told($rows), '', 'and the audit says nothing');
	$is = changed($id, '{"auth_data":{"expires_at":null,"access_token":'
	    . 'null,"a":{"b":null,"c":1}}}', 'nulls');
	is($house->reveal($id), '{"refresh_token":"r-1","n":1E400,"a":{"c":1}}',
	    'take members away');
	is($is->{expires_at}, undef, 'with the expiry');
	ok(!$is->{has_auth_data}, 'and has_auth_data');
	my $before = decode(get($id, key => $key{prints})->{body})->{data};
	$is = changed($id, '{"auth_data":[]}', '[]', key => $key{prints});
	is($house->reveal($id), '{}', 'is an empty object, in place of it');
	isnt($is->{auth}{fingerprint}, $before->{auth}{fingerprint},
	    'which has another fingerprint');
	changed($id, '{"auth_data":null}', 'null');
	is($house->reveal($id), 'null', 'takes the box away');
	$rows = audit();
	changed($id, '{"auth_data":null}', 'null again');
	is(told($rows), '', 'changes nothing');
	changed($id, '{"auth_data":{}}', '{} on none');
	is($house->reveal($id), '{}', 'makes a box');
	changed($id, '{"auth_data":{"access_token":"x","access_token":"y"}}',
	    'twice in the patch');
	is($house->reveal($id), '{"access_token":"y"}', 'the last one counts');
	my $twice = save(auth_data => '{"access_token":"old-1","a":1,'
	    . '"\u0061ccess_token":"old-2"}');
	changed($twice, '{"auth_data":{"access_token":"new"}}',
	    'twice in what is stored');
	is($house->reveal($twice), '{"a":1,"\u0061ccess_token":"new"}',
	    'no old one is kept');

	# What is in the clear.
	$rows = audit();
	$is = changed($id, '{"scope_data":{"org_slug":null,"workspace_id":7}}',
	    'scope_data');
	like(get($id)->{body}, qr/"scope_data":\{"x":\[1 ,2\],"workspace_id":7\},/,
	    'is merged');
	ok($is->{has_scope_data}, 'and says where');
	is(($house->rows("SELECT org_slug, workspace_id FROM integrations "
	    . "WHERE integration_id = '$id'"))[0]{workspace_id}, '7',
	    'as lists find it');
	changed($id, '{"scope_data":[]}', 'scope_data []');
	like(get($id)->{body}, qr/"scope_data":\{\},/, 'is empty');
	changed($id, '{"scope_data":null}', 'scope_data null');
	like(get($id)->{body}, qr/"scope_data":null,/, 'is none');
	$is = changed($id, '{"metadata":{"z":{"b":null},"tags":["b" , "c"],'
	    . '"new":[ 1.0 ]}}', 'metadata');
	like(get($id)->{body}, qr/"metadata":\{"instance_name":"Zo\xc3\xab",
	    "created_via":"manual","version":null,"description":null,
	    "tags":\["b","c"\],"z":\{"c":2\},"new":\[1\.0\]\}/x,
	    'is merged, and written as a save writes it');
	$is = changed($id, '{"name":"m","metadata":{"instance_name":null,'
	    . '"created_via":"x"}}', 'a name, and no instance_name');
	is($is->{metadata}{instance_name}, 'm', 'which is the new name then');
	changed($id, '{"name":"k"}', 'the name alone');
	is(decode(get($id)->{body})->{data}{metadata}{instance_name}, 'm',
	    'leaves it');
	$is = changed($id, '{"metadata":null}', 'metadata null');
	is_deeply([sort keys %{ $is->{metadata} }], [sort qw(instance_name
	    created_via version description tags)], 'is the defaults');
	$is = changed($id, '{"status":"error","active":false}',
	    'status and active');
	is("$is->{status} $is->{active}", 'error 0', 'are replaced');
	is(told($rows), join(' ', map { "change $_" } '"scope_data"',
	    '"scope_data"', '"scope_data"', '"metadata"', '"name","metadata"',
	    '"name"', '"metadata"', '"status","active"'),
	    'the audit has a row for each');
	$rows = audit();
	changed($id, '{"metadata":{"created_via":null,"version":null},'
	    . '"status":"error","name":"k","active":false}', 'all as it is');
	changed($id, get($id)->{body} =~ s/\A\{"success":true,"data":|,"error":null\}\z//gr,
	    'what was read, sent back');
	is(told($rows), '', 'change nothing');

	# Who sees what of it.
	my $item = patch($id, '{"status":"active"}', key => $key{saves});
	is_deeply([decode($item->{body})->{data}{status},
	    $item->{body} =~ /"(\w+)":/g], ['active', qw(success data
	    integration_id name integration_type status active
	    unique_identifier created_by created_at has_auth_data
	    has_scope_data metadata instance_name created_via version
	    description tags updated_at revision token_state expires_at
	    error)], 'a key that does not read is told what a list has');
	is($item->{headers}{etag}, get($id)->{headers}{etag}, 'with the ETag');
	like(changed($id, '{"status":"error"}', 'with verify',
	    key => $key{prints})->{auth}{fingerprint}, qr/\A[0-9a-f]{16}\z/,
	    'one that may compare, the fingerprint');
	answer_is(patch($id, '{', key => $key{reads}), 403,
	    '{"detail":"API key lacks the scope: save"}',
	    'without save nothing is changed, whatever comes');

	# What is refused.
	my $now = revision($id);
	$rows = audit();
	my @fault = ('none is not an allowed value',
	    'type_error.none.not_allowed');
	my @const = ('field cannot be changed', 'value_error.const');
	my @type = ('str type expected', 'type_error.str');
	my $bad = patch($id, '{"unique_identifier":null,"name":null,'
	    . '"metadata":{"tags":[1]},"status":null,"integration_type":'
	    . '"slack","active":null,"auth_data":{"scope":3},"x":1}',
	    headers => ['Idempotency-Key', 'a b']);
	answer_is($bad, 422, '{"detail":[{"loc":["header","idempotency-key"],'
	    . '"msg":"value is not a valid idempotency key",'
	    . '"type":"value_error.idempotency_key"},' . join(',', map {
	    qq({"loc":["body",$_->[0]],"msg":"$_->[1]","type":"$_->[2]"}) }
	    ['"name"', @fault], ['"integration_type"', @const],
	    ['"status"', @fault], ['"active"', @fault],
	    ['"auth_data","scope"', @type], ['"metadata","tags",0', @type],
	    ['"unique_identifier"', @const]) . ']}',
	    "$way: all faults of header and body at once");
	is($bad->{headers}{'accept-patch'}, $accepts, 'with Accept-Patch');
	faults_are(patch($id, '{"unique_identifier":"u","integration_type":5,'
	    . '"auth_data":"x"}'), [[['integration_type'] => @const],
	    [['auth_data'] => 'value is not a valid dict', 'type_error.dict'],
	    [['unique_identifier'] => @const]], 'what cannot be changed');
	my @none = ('field required', 'value_error.missing');
	my @dict = ('value is not a valid dict', 'type_error.dict');
	faults_are(patch($id, $_->[0], @{ $_->[2] // [] }),
	    [[[] => @{ $_->[1] }]], "a body of '$_->[0]'") for ['', \@none],
	    ['null', \@none], ['[]', \@dict],
	    ['{}', \@dict, [type => 'text/plain']];
	json_fault_is(patch($id, '{"a":1,}'), 7, 'no JSON');
	is(patch($id, '{}', type => $_)->{status}, 200, "as $_") for $accepts,
	    'Application/Merge-Patch+JSON; charset=utf-8', 'application/json';
	answer_is(patch($id, '{"name":"' . 'x' x 5000 . '"}'), 413,
	    '{"detail":"Request body too large"}', 'a patch that is too long');

	# In which order.
	my $no = '01890a5d-ac96-7abc-8def-0123456789ab';
	faults_are(patch($no, '{"name":null,"integration_type":"x"}'),
	    [[['name'] => @fault]], 'faults come before what is not there');
	answer_is(patch($no, '{"unique_identifier":5}', headers =>
	    ['If-Match', '"x"', 'Refresh-Lease', 'x']), 404, $nothing,
	    'what is not there before conditions');
	answer_is(patch($id, '{"name":"q"}', headers =>
	    ['If-Match', '"x"', 'Refresh-Lease', 'x']), 412, $failed,
	    'conditions before leases');
	my $long = '{"auth_data":{"a":"' . 'x' x 3000 . '"}}';
	is(patch($id, $long)->{status}, 200, 'a long secret');
	my $longer = $long =~ s/"a"/"b"/r;
	answer_is(patch($id, $longer, headers => ['Refresh-Lease', 'x']), 409,
	    '{"success":false,"data":null,"error":"Refresh lease is lost"}',
	    'leases before what comes of it');
	$now = revision($id);
	answer_is(patch($id, $longer), 413,
	    '{"detail":"Request body too large"}', 'together they are too long');
	answer_is(patch($id, $longer, headers => ['If-Match', '"x"']), 412,
	    $failed, 'but a condition is told first');
	is(revision($id), $now, 'and nothing is stored');

	# Who is not there.
	my %not = ('an unknown id' => [$no, 'alice'], "another's" => [$id, 'bob'],
	    'another type' => [$id, 'slack'], 'no id' => ['x', 'alice'],
	    'a longer one' => ["${id}0", 'alice']);
	for my $what (sort keys %not) {
		my ($at, $who) = @{ $not{$what} };
		my $answer = patch($at, '{"name":"q"}', key => $key{$who});
		answer_is($answer, 404, $nothing, "$way: $what is not there");
		is(join(' ', sort grep { !/date|request-id|server|connection/ }
		    keys %{ $answer->{headers} }) =~ s/status //r,
		    'cache-control content-length content-type',
		    'and no header says more');
	}
	is(patch(uc $id, '{}')->{status}, 200, 'an id in capitals is the same');
	is(patch("$id/", '{}')->{status}, 200, 'and one slash at the end');

	# Conditions.
	my $tag = get($id)->{headers}{etag};
	my $opaque = $tag =~ tr/"//dr;
	my $if = sub {
		my ($name, @values) = @_;
		return patch($id, '{}', headers =>
		    [map { ($name => $_) } @values])->{status};
	};
	is($if->('If-Match', $_), 200, "If-Match: $_") for $tag, '*', "W/$tag",
	    "\"$opaque-gzip\"", "W/\"$opaque;gzip\"", "\"$opaque-br\"",
	    "\"1-0\" ,\t$tag", ", $tag,";
	is($if->('If-Match', $_), 412, "If-Match: $_ is not it") for '"1-0"',
	    $opaque, "$tag x", "\"${opaque}x\"", '""', '', "\"$opaque",
	    '*, "1-0"';
	# nginx and the environment of a CGI process have one line of a name.
	is($house->fcgi(key => $key{alice}, method => 'PATCH', path =>
	    "$all/$id", body => '{}', headers => ['If-Match', '"1-0"',
	    'If-Match', $tag])->{status}, 200, 'two lines are one list');
	is($if->('If-None-Match', $_), 412, "If-None-Match: $_") for '*', $tag;
	is($if->('If-None-Match', '"1-0"'), 200, 'If-None-Match of another');
	$rows = audit();
	is(patch($id, '{"name":"if"}', headers => ['If-Match', $tag])->{status},
	    200, 'what was read is changed');
	answer_is(patch($id, '{"name":"late"}', headers => ['If-Match', $tag]),
	    412, $failed, 'and not again');
	is(told($rows), 'change "name"', 'which the audit has once');

	# By POST, where PATCH does not pass.
	my $by = sub {
		my ($method, $value, %o) = @_;
		return ask(method => $method, path => "$all/$id",
		    body => '{"name":"by POST"}',
		    headers => ['X-HTTP-Method-Override', $value], %o);
	};
	my $post = $by->('POST', 'PATCH');
	answer_is($post, 200, get($id)->{body}, "$way: POST that is PATCH");
	is($post->{headers}{etag}, get($id)->{headers}{etag}, 'with ETag');
	is(told($rows), 'change "name" change "name"', 'is a change');
	is($by->('POST', " PATCH\t")->{status}, 200, 'blanks are no part of it');
	for my $case (['POST', 'patch'], ['POST', 'PUT'], ['POST', 'GET'],
	    ['POST', ''], ['PATCH', 'PATCH'], ['GET', 'PATCH'],
	    ['DELETE', 'DELETE'], ['PUT', 'PATCH']) {
		my $answer = $by->(@$case);
		answer_is($answer, 405, '{"detail":"Method Not Allowed"}',
		    "$case->[0] that is '$case->[1]'");
		is($answer->{headers}{allow}, 'GET, HEAD, PATCH, DELETE',
		    'says what there is');
		is($answer->{headers}{'accept-patch'}, $accepts,
		    'and what a PATCH takes');
	}
	answer_is($by->('POST', 'PATCH', key => $key{reads}), 403,
	    '{"detail":"API key lacks the scope: save"}', 'the scope is its own');
	is($by->('POST', 'PATCH', path => SAVE)->{headers}{allow}, 'POST',
	    'where there is no PATCH there is none by POST');
	is($house->admin('check')->{exit}, 0, 'every box opens');
}

# Sizes: a row of the most that a save takes can be changed.
my $large = house();
$large->worker;
$large->key;
my $many = join ',', map { "\"m$_\":$_" } 1 .. 1024;
sub large {
	my ($method, $path, $body) = @_;
	return $large->fcgi(method => $method, path => $path, body => $body);
}
my $made = saved_ok(large('POST', SAVE, '{"name":"n","integration_type":'
    . "\"jira\",\"metadata\":{$many}}"), '1,024 members of metadata');
my $at = "$all/$made->{integration_id}";
large('PATCH', $at, "{\"scope_data\":{$many}}");
large('PATCH', $at, "{\"auth_data\":{$many}}");
my @limit = ('too many values', 'value_error.limit');
is(large('PATCH', $at, '{"metadata":{"m1":0,"tags":["t"]}}')->{status}, 200,
    'with defaults they are more, and are changed all the same');
faults_are(large('PATCH', $at, '{"metadata":{"more":0}}'),
    [[['metadata'] => @limit]], 'one more');
faults_are(large('PATCH', $at, '{"scope_data":{"more":0},"auth_data":'
    . '{"more":0},"name":"no"}'), [[['auth_data'] => @limit],
    [['scope_data'] => @limit]], 'each that has too many is told');
is(large('PATCH', $at, '{"auth_data":{"m1":null,"more":0}}')->{status}, 200,
    'one for one');
my $values = join ',', (0) x 16_000;
$made = saved_ok(large('POST', SAVE, '{"name":"n","integration_type":"jira",'
    . "\"auth_data\":{\"a\":[$values]}}"), '16,000 values');
$at = "$all/$made->{integration_id}";
faults_are(large('PATCH', $at, '{"auth_data":{"b":['
    . join(',', (0) x 381) . ']}}'), [[['auth_data'] => @limit]],
    'and one more than a body has room for, beside itself, is too many');
is(large('PATCH', $at, '{"auth_data":{"b":[' . join(',', (0) x 380)
    . ']}}')->{status}, 200, 'but not as many as that');
is(large('PATCH', $at, '{"scope_data":{"b":[' . join(',', (0) x 500)
    . ']}}')->{status}, 200, 'but not in another object');
my $deep = '[' x 30 . ']' x 30;
$made = saved_ok(large('POST', SAVE, '{"name":"n","integration_type":"jira",'
    . "\"auth_data\":{\"a\":$deep},\"metadata\":{\"a\":$deep}}"),
    'as deep as can be');
$at = "$all/$made->{integration_id}";
is(large('PATCH', $at, '{"auth_data":{"b":1},"metadata":{"b":1},"scope_data":'
    . "{\"a\":$deep}}")->{status}, 200, 'is changed');
is($large->reveal($made->{integration_id}), "{\"a\":$deep,\"b\":1}",
    'as deep as it was');

# As long as two bodies are, it is told and changed.
my $long = house(conf => { max_body => 5_000_000 });
$long->worker;
$made = saved_ok($long->fcgi(body => '{"name":"n","integration_type":"jira",'
    . '"metadata":{"x":"' . 'x' x 4_900_000 . '"}}'), 'a long metadata');
$at = "$all/$made->{integration_id}";
for my $member (qw(scope_data auth_data)) {
	my $answer = $long->fcgi(method => 'PATCH', path => $at, body =>
	    "{\"$member\":{\"y\":\"" . 'y' x 4_900_000 . '"}}');
	is($answer->{status}, 200, "and as long a $member");
	is(length $answer->{body}, length $long->fcgi(method => 'GET',
	    path => $at, type => undef, length => undef)->{body},
	    'as it is read');
}
answer_is($long->fcgi(method => 'PATCH', path => $at, body =>
    '{"scope_data":{"z":"' . 'z' x 200_000 . '"}}'), 413,
    '{"detail":"Request body too large"}', 'and no longer');

# A box that does not open, a key that was replaced, a lock that is not had.
$way = 'nginx';
my $id = save(auth_data => '{"access_token":"t"}', unique_identifier => '"w"');
my $failure = sub { '{"success":false,"data":null,"error":'
    . "\"Failed to change integration: $_[0]\"}" };
$house->admin_ok('master-key', 'rotate');
my $under = ($house->rows('SELECT hex(substr(auth_data, 2, 4)) AS k FROM '
    . "integrations WHERE integration_id = '$id'"))[0]{k};
changed($id, '{"auth_data":{"access_token":"rotated"}}', 'a new master key');
is(($house->rows('SELECT hex(substr(auth_data, 2, 4)) AS k FROM '
    . "integrations WHERE integration_id = '$id'"))[0]{k}, $under,
    'is the one of the box then');
$house->hold_lock;
my $busy = patch($id, '{"name":"busy"}');
answer_is($busy, 503, $failure->('Database is busy'), 'the lock is held: 503');
is($busy->{headers}{'retry-after'}, '1', 'with Retry-After');
$house->give_lock;
$house->tamper('UPDATE integrations SET auth_data = CAST(substr(auth_data, 1, '
    . "60) || substr(auth_data, 1, 1) || substr(auth_data, 62) AS BLOB) WHERE integration_id = '$id'");
answer_is(patch($id, '{"auth_data":{"access_token":"x"}}'), 500,
    $failure->('Internal error'), 'a box that was altered: 500');
ok($house->log_says(qr/the box of integration $id does not open/),
    'and the log says which');
changed($id, '{"name":"still"}', 'what is not sealed is changed');
changed($id, '{"auth_data":null}', 'and the box can be taken away');
is($house->reveal($id), 'null', 'which it is');

finish();
