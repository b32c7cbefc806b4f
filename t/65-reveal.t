#!/usr/bin/perl
# Handing out auth_data, in clear and sealed, and comparing with it, through
# nginx and by CGI: what is answered to whom, what is counted and audited, and
# that nothing is answered which could not be.

use strict;
use warnings;
use MIME::Base64 qw(encode_base64 decode_base64);
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode encode);

my $house = house(conf => { busy_timeout_ms => 700 * slow() });
$house->worker;
$house->nginx;
my $all = '/api/v2/integrations';

sub key_of {
	my ($user, @more) = @_;
	return $house->admin_ok(qw(key create --user), $user, @more)
	    =~ s/\n//r;
}

my %key = (
	alice => key_of('alice', '--scopes', 'save,read,reveal,verify'),
	reveals => key_of('alice', '--scopes', 'reveal'),
	verifies => key_of('alice', '--scopes', 'verify'),
	plain => key_of('alice'),
	jira => key_of('alice', '--scopes', 'reveal,verify', '--types',
	    'jira,slack'),
	bob => key_of('bob', '--scopes', 'reveal,verify'),
);
my %public_id = map { $key{$_} =~ /_(\w{8})_/ ? ($_ => $1) : () } keys %key;

my $auth = '{ "access_token" : "canary-t\u00f6k", "expires_at":1900000000,'
    . '"n":1E400,"clé":"canary-2","access_token":"canary-last"}';
my $body = '{"name":"n","integration_type":"github","status":"error",'
    . qq("active":false,"unique_identifier":"u","auth_data":$auth});
my $nothing = '{"detail":"Integration not found"}';

sub failed {
	my ($what, $reason) = @_;
	return qq({"success":false,"data":null,"error":"Failed to $what )
	    . qq(integration: $reason"});
}

# What the audit has, oldest first: action, integration, request, key.
sub audit {
	return map { my $who = decode($_->{subject});
	    +{ %$_, key => $who->{key}, who => $who } } $house->rows('SELECT '
	    . "action, integration_id, request_id, subject FROM audit WHERE "
	    . "action NOT IN ('key_create', 'save') ORDER BY seq");
}

my %way = (
	nginx => sub { $house->http(@_) },
	CGI => sub { $house->cgi(@_) },
);

my $identity = "$house->{dir}/identity";
$house->admin_ok(qw(recipient create), $identity);
my $public = $house->admin_ok(qw(recipient public-key), $identity) =~ s/\n//r;
like($public, qr/\A[\w-]{43}\z/, 'recipient public-key');
is_deeply(decode($house->admin_ok(qw(recipient public-key --json), $identity)),
    { public_key => $public }, 'and in JSON');
my $base64 = encode_base64(decode_base64(
    ($public =~ tr{-_}{+/}r) . '='), '');

for my $way (sort keys %way) {
	my $ask = $way{$way};
	my $id = saved_ok($ask->(key => $key{alice}, body => $body
	    =~ s/"u"/"$way"/r), "$way: a save")->{integration_id};
	my $get = sub {
		my ($who, %o) = @_;
		return $ask->(method => 'GET', path => "$all/$id/auth_data",
		    type => undef, body => '', length => undef,
		    key => $key{$who}, %o);
	};
	my $post = sub {
		my ($who, $what, $text, %o) = @_;
		return $ask->(path => "$all/$id/$what", body => $text,
		    key => $key{$who}, %o);
	};
	my $use = sub {
		decode($ask->(method => 'GET', path => "$all/$id",
		    type => undef, body => '', length => undef,
		    key => $key{alice})->{body})->{data}{auth};
	};
	my $seen = () = audit();
	is_deeply([@{ $use->() }{qw(reveal_count last_revealed_at)}],
	    [0, undef], 'nothing was revealed yet');

	# In clear.
	my $told = qq({"success":true,"data":{"integration_id":"$id",)
	    . '"revision":1,"status":"error","active":false,"token_state":'
	    . qq("valid","auth_data":$auth},"error":null});
	my $got = $get->('reveals');
	answer_is($got, 200, $told, "$way: auth_data, byte for byte");
	my @rows = audit();
	is(@rows - $seen, 1, 'which is audited');
	is_deeply([@{ $rows[-1] }{qw(action integration_id key)}],
	    ['reveal', $id, $public_id{reveals}], 'as what it was');
	is($rows[-1]{request_id}, $got->{headers}{'x-request-id'},
	    'under the id of the request');
	is_deeply($rows[-1]{who}{fields}, [], 'and names no member');
	my $used = $use->();
	is($used->{reveal_count}, 1, 'and counted');
	like($used->{last_revealed_at}, qr/\A\d{4}-\d\d-\d\dT[\d:.]{15}\z/,
	    'with its moment');
	answer_is($get->('reveals', path => uc("$all/$id") =~
	    s/\A.*INTEGRATIONS/$all/r . '/auth_data/'), 200, $told,
	    'the id in capitals, and a slash at the end');
	answer_is($get->('reveals', body => '{', length => 1,
	    type => 'application/json'), 200, $told, 'a body is ignored');
	is($use->()->{reveal_count}, 3, 'each is counted');
	@rows = audit();

	# One member of it.
	my $field = sub {
		my ($query, $name, $value) = @_;
		answer_is($get->('reveals', query => $query), 200, $told
		    =~ s/"auth_data":.*\},"error"/"field":$name,"value":$value},"error"/r,
		    "$way: ?$query");
	};
	$field->('field=access_token', '"access_token"', '"canary-last"');
	$field->('field=cl%C3%A9', '"clé"', '"canary-2"');
	$field->('field=x&field=%6E', '"n"', '1E400');
	answer_is($get->('reveals', query => "field=$_"), 404,
	    '{"detail":"Field not found"}', "no field $_") for '', 'none';
	answer_is($get->('reveals', query => 'fields=n'), 422,
	    '{"detail":[{"loc":["query","fields"],"msg":"extra fields not '
	    . 'permitted","type":"value_error.extra"}]}', 'no such parameter');
	answer_is($get->('bob', query => 'field=n'), 404, $nothing,
	    "another's is not there, whatever is asked of it");
	my $more = () = audit();
	is($more - @rows, 3, 'each that was there is audited');
	is_deeply((audit())[-1]{who}{fields}, [], 'and no member is named');
	is($use->()->{reveal_count}, 6, 'and counted');
	@rows = audit();

	my $head = $get->('reveals', method => 'HEAD');
	is_deeply([$head->{status}, $head->{headers}{allow}, $head->{body}],
	    [405, 'GET', ''], 'HEAD is refused');
	for my $method (qw(POST DELETE PUT)) {
		my $said = $get->('reveals', method => $method);
		is_deeply([@$said{qw(status body)}, $said->{headers}{allow}],
		    [405, '{"detail":"Method Not Allowed"}', 'GET'],
		    "so is $method");
	}

	# Who may not.
	my $lacks = sub { qq({"detail":"API key lacks the scope: $_[0]"}) };
	for my $who (qw(verifies plain)) {
		answer_is($get->($who), 403, $lacks->('reveal'),
		    "a key that may not reveal: $who");
		answer_is($post->($who, 'auth_data/sealed', '{'), 403,
		    $lacks->('reveal'), 'nor sealed');
	}
	answer_is($post->($_, 'verify', '{'), 403, $lacks->('verify'),
	    "a key that may not verify: $_") for qw(reveals plain);
	for my $who (qw(bob jira)) {
		answer_is($get->($who), 404, $nothing,
		    "an integration that is not for $who");
		answer_is($post->($who, 'auth_data/sealed',
		    encode({ public_key => $public })), 404, $nothing,
		    'nor sealed');
		answer_is($post->($who, 'verify', '{"a":"b"}'), 404, $nothing,
		    'nor compared');
	}
	answer_is($get->('alice', path => "$all/$_/auth_data"), 404, $nothing,
	    "nor is there $_") for 'save', '0' x 36, "${id}0",
	    '00000000-0000-0000-0000-000000000000';
	is($get->('alice', path => "$all/$id/auth_data//")->{status}, 404,
	    'two slashes are another path');

	# Sealed.
	my $sealed = $post->('reveals', 'auth_data/sealed',
	    encode({ public_key => $public }));
	is($sealed->{status}, 200, "$way: sealed") || diag($sealed->{body});
	unlike($sealed->{body}, qr/canary|access/, 'and nothing is in clear');
	like($sealed->{body}, qr/\A\{"success":true,"data":\{"algorithm":
	    "crypto_box_seal","sealed":"[\w-]+"\},"error":null\}\z/x,
	    'in its shape');
	my $opened = $house->admin_ok(qw(recipient open), $identity,
	    { stdin => $sealed->{body} });
	like($opened, qr/\A\{"integration_id":"$id","revision":1,
	    "sealed_at":"[\d.:T-]{26}","auth_data":\Q$auth\E\}\z/x,
	    'recipient open opens the answer');
	my $data = decode($sealed->{body})->{data};
	is(length(decode_base64($data->{sealed} =~ tr{-_}{+/}r)) % 256, 48,
	    'which tells little of its length');
	is($house->admin_ok(qw(recipient open), $identity, { stdin => $_ }),
	    $opened, 'and the text in it') for $data->{sealed},
	    "\n$data->{sealed} \r\n", encode($data), "\n$sealed->{body}\n";
	for my $text ($base64, $base64 =~ s/=//r, "$public=") {
		my $again = $post->('reveals', 'auth_data/sealed',
		    encode({ public_key => $text }));
		is($again->{status}, 200, 'a key in another way of base64');
		like($house->admin_ok(qw(recipient open), $identity,
		    { stdin => $again->{body} }), qr/canary/, 'opens');
	}
	for my $wrong ($public =~ s/.\z/B/r, "A$public", 'A' x 43, '') {
		faults_are($post->('reveals', 'auth_data/sealed',
		    encode({ public_key => $wrong })), [[['public_key'],
		    'value is not a valid public key',
		    'value_error.public_key']], "no key: '$wrong'");
	}
	my @sealed = grep { $_->{action} eq 'reveal_sealed'
	    && $_->{integration_id} eq $id } audit();
	is(@sealed, 4, 'each is audited as sealed');
	is($use->()->{reveal_count}, 10, 'and counted');

	# Compared.
	my $verify = sub {
		my ($text, $matches, $members, $name) = @_;
		answer_is($post->('verifies', 'verify', $text), 200,
		    qq({"success":true,"data":{"matches":$matches,"members":)
		    . qq({$members}},"error":null}), "$way: $name");
	};
	$seen = () = audit();
	$verify->('{"access_token":"canary-last","cl\u00e9":"canary\u002d2"}',
	    'true', '"access_token":true,"clé":true', 'the right ones');
	$verify->('{"access_token":"canary-last","clé":"canary"}', 'false',
	    '"access_token":true,"clé":false', 'one is wrong');
	$verify->('{"n":"1E400"}', 'false', '"n":false', 'no string');
	$verify->('{"none":""}', 'false', '"none":false', 'not there');
	my @told = (audit())[$seen .. $seen + 3];
	is_deeply([map { [@$_{qw(action integration_id key)},
	    $_->{who}{matches}, @{ $_->{who}{fields} }] } @told], [map {
	    ['verify', $id, $public_id{verifies}, $_] } 'true', ('false') x 3],
	    'each is audited, with what it came to');
	is(scalar(() = audit()), $seen + 4, 'and no more');
	is($use->()->{reveal_count}, 10, 'none is a reveal');
	answer_is($post->('verifies', 'verify', $_), 422, '{"detail":[{"loc":'
	    . '["body"],"msg":"ensure this value has 1 to 8 members","type":'
	    . '"value_error.members"}]}', 'too few of them, or too many')
	    for '{}', '{' . join(',', map { qq("$_":"") } 1 .. 9) . '}';
	faults_are($post->('verifies', 'verify', '{"a":1,"b":"","c":null}'),
	    [[['a'], 'str type expected', 'type_error.str'], [['c'],
	    'none is not an allowed value', 'type_error.none.not_allowed']],
	    'nor what is no string');

	# What is not there is handed out as what it is.
	my $bare = saved_ok($ask->(key => $key{alice}, body =>
	    '{"name":"n","integration_type":"jira"}'), 'no auth_data')
	    ->{integration_id};
	is(decode($get->('jira', path => "$all/$bare/auth_data")->{body})
	    ->{data}{auth_data}, undef, 'is revealed as null');
	$seen = () = audit();

	# What cannot be written is not answered.
	$house->hold_lock;
	my %busy = $way eq 'CGI' ? (env => {
	    STRONGROOM_BUSY_TIMEOUT_MS => 100 }) : ();
	my $busy = $get->('reveals', %busy);
	answer_is($busy, 503, failed('reveal', 'Database is busy'),
	    "$way: while the lock is not had nothing is revealed");
	is($busy->{headers}{'retry-after'}, 1, 'which will pass');
	answer_is($post->('reveals', 'auth_data/sealed',
	    encode({ public_key => $public }), %busy), 503,
	    failed('reveal', 'Database is busy'), 'nor sealed');
	answer_is($post->('verifies', 'verify', $_, %busy), 503,
	    failed('verify', 'Database is busy'), "nor is one told of $_")
	    for '{"n":"x"}', '{"access_token":"canary-last"}';
	$house->give_lock;
	is(scalar(() = audit()), $seen, 'nor is any audited');
	is($use->()->{reveal_count}, 10, 'or counted');
	if ($way eq 'CGI' && !$house->{server}) {
		# Enough for an answer, and not for a page in the log.
		my @limit = ('prlimit', '--fsize=4096', '--');
		my $full = $get->('reveals', before => \@limit);
		like($full->{status}, qr/\A50[07]\z/,
		    'where nothing can be written nothing is revealed');
		unlike($full->{out}, qr/canary/, 'whatever is answered');
		unlike($post->('verifies', 'verify', $_,
		    before => \@limit)->{out}, qr/matches/,
		    "and none is told of $_")
		    for '{"n":"x"}', '{"access_token":"canary-last"}';
		is(scalar(() = audit()), $seen, 'nor is any audited');
	}

	# A box that does not open.
	$house->tamper("UPDATE integrations SET unique_identifier = 'moved' "
	    . "WHERE integration_id = '$id'");
	answer_is($get->('reveals'), 500, failed('reveal', 'Internal error'),
	    "$way: a box that was moved is not revealed");
	answer_is($post->('verifies', 'verify', '{"n":"x"}'), 500,
	    failed('verify', 'Internal error'), 'nor compared');
	is(scalar(() = audit()), $seen, 'nor is that audited');
	$house->tamper("DELETE FROM integrations WHERE integration_id = '$id'");
}

# The command line.
my $id = saved_ok($house->http(key => $key{alice}, body => $body),
    'a save')->{integration_id};
my $seen = () = audit();
is($house->reveal($id), $auth, 'integration reveal');
my $shown = $house->show($id);
is($shown->{reveal_count}, 1, 'which is counted');
like($shown->{last_revealed_at}, qr/\A\d{4}-/, 'with its moment');
my $last = (audit())[-1];
is_deeply([scalar(() = audit()), @$last{qw(action integration_id key)}],
    [$seen + 1, 'reveal', $id, undef], 'and audited, as by no key');
is($last->{who}{user}, 'alice', 'as what it is of');
{
	$house->hold_lock;
	my $busy = $house->admin(qw(integration reveal), $id, { env => {
	    STRONGROOM_BUSY_TIMEOUT_MS => 100 } });
	is("$busy->{exit} $busy->{out}", '1 ',
	    'while the lock is not had nothing is printed');
	$house->give_lock;
}
is($house->admin(qw(integration reveal), '0' x 36)->{exit}, 3,
    'what is not there is exit 3');
is(scalar(() = audit()), $seen + 1, 'and not audited');

# Who else cannot open what was sealed.
my $sealed = $house->http(path => "$all/$id/auth_data/sealed",
    key => $key{reveals}, body => encode({ public_key => $public }))->{body};
my $other = "$house->{dir}/other";
$house->admin_ok(qw(recipient create), $other);
for my $case ([$other, $sealed], [$identity, $sealed =~ s/(.{20})"/B$1"/r],
    [$identity, ''], [$identity, '{}'], [$identity, "$sealed x"],
    [$identity, substr $sealed, 0, 90], ["$house->{dir}/none", $sealed]) {
	my ($file, $text) = @$case;
	my $ran = $house->admin(qw(recipient open), $file, {
	    stdin => $text });
	is("$ran->{exit} $ran->{out}", '1 ',
	    'it does not open: ' . length $text);
	like($ran->{err}, qr/\S/, 'and it is said why');
}
unlike(slurp($house->{worker}{log}), qr/canary/,
    'no secret is in the log');

finish();
