#!/usr/bin/perl
# Listing integrations, over FastCGI, through nginx and by CGI: what is in a
# list, each filter, every fault of a query, cursors, and who sees what.

use strict;
use warnings;
use MIME::Base64 qw(decode_base64url);
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode encode);

use constant LIST => '/api/v2/integrations';

my $house = house();
$house->worker;
$house->nginx;

sub key_of {
	my ($user, @more) = @_;
	return $house->admin_ok(qw(key create --user), $user, @more)
	    =~ s/\n//r;
}

my %key = (alice => key_of('alice'), bob => key_of('bob'),
    jira => key_of('alice', '--types', 'jira,slack'),
    save => key_of('alice', '--scopes', 'save'));

my %way = map { my $door = $_; $door => sub {
	my ($query, %o) = @_;
	return $house->$door(method => 'GET', path => LIST, query => $query,
	    type => undef, length => undef, key => $key{alice}, %o);
} } qw(fcgi http cgi);
my @ways = sort keys %way;

sub names {
	my ($answer) = @_;
	return "status $answer->{status}: $answer->{body}"
	    if $answer->{status} != 200;
	return join ' ', map { $_->{unique_identifier} }
	    @{ decode($answer->{body})->{data}{integrations} };
}

sub next_of { decode($_[0]{body})->{data}{next_cursor} }

# The same by all ways.
sub lists {
	my ($query, $expected, $name, %o) = @_;
	is(names($way{$_}->($query, %o)), $expected, "$_: $name") for @ways;
}

# -- what is in a list

for my $way (@ways) {
	answer_is($way{$way}->('limit=5'), 200, '{"success":true,"data":'
	    . '{"integrations":[],"next_cursor":null},"error":null}',
	    "$way: nothing is an empty list");
}

my %saved;
sub save {
	my ($uid, %m) = @_;
	my $key = delete $m{key} // 'alice';
	return $saved{$uid} = saved_ok($house->fcgi(key => $key{$key}, json => {
	    name => "Name of $uid", integration_type => 'jira',
	    unique_identifier => $uid, %m }), "$uid is saved");
}

my $now = time;
save('a', integration_type => 'github', status => 'pending', name => "Zo\x{eb} X",
    auth_data => { access_token => 't', expires_at => $now + 5 * 86400 },
    metadata => { tags => ['prod', "a\"b\\c", '/', "\x{e9}"],
    more => { tags => ['inner'] } },
    scope_data => { org_slug => 'acme', workspace_id => 42 });
save('b', active => JSON::PP::false(), name => 'xX-aB',
    auth_data => { access_token => 't', expires_at => '2020-01-01T00:00:00Z' },
    scope_data => { workspace_id => '42', org_slug => 'ACME' });
save('c', integration_type => 'slack',
    auth_data => { expires_at => ($now + 30 * 86400) . '.25' });
save('d', auth_data => { access_token => 't' },
    metadata => { tags => ['prod'] });
save('x', key => 'bob');

for my $way (@ways) {
	my $answer = $way{$way}->('limit=50');
	my $data = decode($answer->{body})->{data};
	my ($item) = grep { $_->{unique_identifier} eq 'a' }
	    @{ $data->{integrations} };
	my %is = %$item;
	delete @is{qw(updated_at revision token_state expires_at)};
	is_deeply(\%is, $saved{a}, "$way: an item has what its save answered");
	like($answer->{body}, qr/\}(?:,"more":\{[^}]*\}\})?,"updated_at":"[-0-9T:.]{26}",
	    "revision":1,"token_state":"expiring","expires_at":"[-0-9T:.]{26}"\}\],
	    "next_cursor":null\},"error":null\}\z/x,
	    "$way: and four members more");
	unlike($answer->{body}, qr/scope_data":[^tf]|"auth_data"/,
	    "$way: but neither scope_data nor auth_data");
	is($answer->{headers}{etag}, undef, "$way: a list has no ETag");
	my $head = $way{$way}->('limit=50', method => 'HEAD');
	answer_is($head, 200, '', "$way: HEAD has no body");
	like($head->{headers}{'content-length'} // length $answer->{body},
	    qr/\A@{[length $answer->{body}]}\z/, "$way: and its length");
}
lists('limit=9', 'd c b a', 'the newest come first');
lists('limit=9', 'x', 'each sees his own', key => $key{bob});
lists('limit=9', 'd c b', 'a key for some types sees those',
    key => $key{jira});

# -- filters

my @cases = (
    ['integration_type=jira', 'd b'], ['integration_type=sentry', ''],
    ['status=pending', 'a'], ['status=active', 'd c b'],
    ['active=true', 'd c a'], ['active=OFF', 'b'],
    ['unique_identifier=c', 'c'], ['unique_identifier=x', ''],
    ['unique_identifier=', ''], ['unique_identifier=C', ''],
    ['org_slug=acme', 'a'], ['org_slug=ACME', 'b'], ['org_slug=', ''],
    ['workspace_id=42', 'b a'], ['workspace_id=042', ''],
    ['tag=prod', 'd a'], ['tag=a%22b%5cc', 'a'], ['tag=/', 'a'],
    ['tag=%C3%a9', 'a'], ['tag=inner', ''], ['tag=pro', ''], ['tag=', ''],
    ['q=x', 'b a'], ['q=NAME+of', 'd c'], ['q=ab', 'b'], ['q=%c3%ab', 'a'],
    ['q=%c3%8b', ''], ['q=%', ''],
    ['token_state=valid', 'c'], ['token_state=expiring', 'a'],
    ['token_state=expired', 'b'], ['token_state=unknown', 'd'],
    ['expires_before=2021-01-01T00:00:00%2B01:00', 'b'],
    ["expires_before=@{[$now + 10 * 86400]}", 'b a'],
    ["expires_before=@{[$now + 30 * 86400]}.25", 'b a'],
    ["expires_before=@{[$now + 30 * 86400]}.250001", 'b a c'],
    ['expires_before=2020-01-01T00:00:00', ''],
    ['expires_before=2020-01-01T00:00:00.000001', 'b'],
    ['expires_before=9999-12-31T23:59:59', 'b a c'],
    ['expires_before=20000000000', 'b a c'],
    ['expires_before=9999-12-31T23:59:59-23:00', 'b a c'],
    ['expires_before=0001-01-01T00:00:00%2B23:00', ''],
    ['expires_before=-20000000000', ''],
    ['token_state=expired&expires_before=2020-01-01T00:00:00.5', 'b'],
    ['token_state=valid&expires_before=2021-01-01T00:00:00', ''],
    ['token_state=unknown&expires_before=2100-01-01T00:00:00', ''],
    ['tag=prod&status=pending&q=zo&active=1&org_slug=acme', 'a'],
    ['tag=prod&status=error', ''], ['q=x&limit=1&limit=9', 'b a'],
    ['status=error&status=pending', 'a'],
    ['status=&status=nothing&status=pending', 'a'],
    ['&limit=9&&', 'd c b a'], ['li%6dit=9', 'd c b a'],
    ['limit=%31', 'd'], ['limit=0200', 'd c b a']);
lists($_->[0], $_->[1], $_->[0]) for @cases;
lists('integration_type=github', '', 'a type that the key is not for',
    key => $key{jira});
lists('unique_identifier=a', '', 'an identifier of such a type',
    key => $key{jira});

# The same for the operator, in another order.
sub words_of {
	my ($query) = @_;
	my %option = (integration_type => 'type',
	    unique_identifier => 'identifier');
	return map {
		my ($name, $value) = split /=/;
		$value =~ tr/+/ /;
		$value =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
		$value = $value =~ /\A(?:1|true)\z/ ? 'yes' : 'no'
		    if $name eq 'active';
		'--' . ($option{$name} // $name =~ tr/_/-/r) . "=$value";
	} split /&/, $query;
}

for my $case (@cases) {
	my ($query, $names) = @$case;
	my %times;
	$times{$_}++ for $query =~ /(\w+)=/g;
	next if $query =~ /li%?|limit|=(?:&|\z)/ || grep { $_ > 1 } values %times;
	my @words = words_of($query);
	my $listed = decode($house->admin_ok(qw(integration list --json --user
	    alice), @words));
	is(join(' ', map { $_->{unique_identifier} } @$listed),
	    join(' ', sort split ' ', $names), "integration list @words");
}
is(scalar @{ decode($house->admin_ok(qw(integration list --json --q), 'name'))
    }, 3, 'of all users, where none is named');
for my $case (['--type=jirA', 'sentry,jira,linear'], ['--status=', 'active,'],
    ['--active=true', 'yes,no'], ['--token-state=x', 'valid,expiring'],
    ['--expires-before=tomorrow', '2030-01-31']) {
	my $said = $house->admin(qw(integration list), $case->[0]);
	is($said->{exit}, 2, "$case->[0] is refused");
	like($said->{err}, qr/\Q$case->[1]\E/, 'with what it can be');
}
is($house->admin(qw(key list --tag x))->{exit}, 2,
    'no other command has these options');

# -- faults

my %fault = (
	integer => ['value is not a valid integer', 'type_error.integer'],
	ge => ['ensure this value is greater than or equal to 1',
	    'value_error.number.not_ge'],
	le => ['ensure this value is less than or equal to 200',
	    'value_error.number.not_le'],
	cursor => ['invalid cursor', 'value_error.cursor'],
	choice => ['value is not a valid enumeration member',
	    'type_error.enum'],
	bool => ['value could not be parsed to a boolean', 'type_error.bool'],
	text => ['value is not valid text', 'value_error.text'],
	short => ['ensure this value has at least 1 characters',
	    'value_error.any_str.min_length'],
	long => ['ensure this value has at most 255 characters',
	    'value_error.any_str.max_length'],
	moment => ['invalid datetime format', 'value_error.datetime'],
	extra => ['extra fields not permitted', 'value_error.extra'],
);

sub refuses {
	my ($query, @faults) = @_;
	my $body = '{"detail":[' . join(',', map {
		my ($name, $kind) = @$_;
		sprintf '{"loc":["query",%s],"msg":"%s","type":"%s"}',
		    encode($name), @{ $fault{$kind} };
	} @faults) . ']}';
	for my $way (@ways) {
		# For CGI these would be words of a command line.
		my $by = $way eq 'cgi' && $query !~ /=/ ? "$query&=" : $query;
		next if $by ne $query;
		answer_is($way{$way}->($by), 422, $body, "$way: $query");
	}
}

refuses("limit=$_", ['limit', 'integer'])
    for '', 'x', '1.0', '+1', '%2B1', '1e2';
refuses("limit=$_", ['limit', 'ge']) for 0, -1, '-99999999999999999999';
refuses("limit=$_", ['limit', 'le']) for 201, '99999999999999999999';
refuses('limit', ['limit', 'integer']);
refuses("integration_type=$_", ['integration_type', 'choice'])
    for '', 'Jira', 'jira+', 'gitlab';
refuses("status=$_", ['status', 'choice']) for '', 'ACTIVE';
refuses("active=$_", ['active', 'bool']) for '', '2', 'tru', 'null';
refuses('q=', ['q', 'short']);
refuses('q=' . 'x' x 256, ['q', 'long']);
refuses("expires_before=$_", ['expires_before', 'moment'])
    for '', 'tomorrow', '2024-01-01', '2024-01-01T00:00:00+01:00',
    '1' x 400;
refuses("token_state=$_", ['token_state', 'choice']) for '', 'Valid';
refuses("tag=$_", ['tag', 'text']) for '%00', 'a%00', '%ff', '%c3', '%ed%a0%80';
refuses('tag=%ff&tag=%fe', ['tag', 'text']);
refuses('zz=1', ['zz', 'extra']);
refuses('Limit=1', ['Limit', 'extra']);
refuses('=', ['', 'extra']);
refuses('zz=1&limit=0&aa=%ff&zz=2&status=x&q=&cursor=&active=&tag=%00&aa',
    [limit => 'ge'], [cursor => 'cursor'], [status => 'choice'],
    [active => 'bool'], [tag => 'text'], [q => 'short'], [aa => 'extra'],
    [zz => 'extra']);
lists('q=' . '%C3%A9' x 255, '', '255 characters may be more bytes');
answer_is($way{cgi}->('limit'), 400, '{"detail":"Bad Request"}',
    'cgi: a query without = is words of a command line');

# -- cursors

sub walk {
	my ($way, $query, %o) = @_;
	my ($cursor, @pages) = ('');
	do {
		my $answer = $way{$way}->("$query$cursor", %o);
		push @pages, names($answer);
		$cursor = next_of($answer);
		$cursor &&= "&cursor=$cursor";
	} while defined $cursor && @pages < 20;
	return join '|', @pages;
}

for my $way (@ways) {
	is(walk($way, 'limit=1'), 'd|c|b|a', "$way: from page to page");
	is(walk($way, 'limit=3'), 'd c b|a', "$way: by threes");
	is(walk($way, 'limit=4'), 'd c b a',
	    "$way: a page that is full and the last says so");
	is(walk($way, 'limit=1&expires_before=9000000000'), 'b|a|c',
	    "$way: the soonest first");
	is(walk($way, 'limit=1', key => $key{jira}), 'd|c|b',
	    "$way: of some types");
}
my $cursor = next_of($way{fcgi}->('limit=2'));
my $soonest = next_of($way{fcgi}->('limit=1&expires_before=4000000000'));
is(unpack('H*', substr decode_base64url($cursor), 0, 2), '0101',
    'a cursor is of version 1 and its order');
(my $id = $saved{c}{integration_id}) =~ tr/-//d;
is(unpack('H*', substr decode_base64url($cursor), 10), $id,
    'and names the last row that was seen');
refuses("cursor=$_", ['cursor', 'cursor']) for '', 'x', "${cursor}A",
    substr($cursor, 0, -1), "$cursor=", 'A' x 35, $soonest, '+' . $cursor;
refuses("cursor=$cursor&token_state=valid", ['cursor', 'cursor']);
refuses("cursor=$cursor&expires_before=1", ['cursor', 'cursor']);
lists("cursor=$cursor&token_state=unknown", '',
    'the ordinary order has unknown expiries');
lists("cursor=$cursor&limit=1", 'b', 'with another limit it goes on');
lists("cursor=$cursor&status=pending", 'a', 'and with another filter');
lists("cursor=$cursor", '', "another's cursor is a place among his own",
    key => $key{bob});

save('e');
$house->tamper("DELETE FROM integrations WHERE unique_identifier = 'c'");
lists("cursor=$cursor", 'b a', 'a deleted row under a cursor does no harm');

# What a key for some types is told names no row of another.
save("many-$_", integration_type => $_ % 3 ? 'github' : 'jira') for 1 .. 30;
{
	my %mine = map { $_->{integration_id} =~ tr/-//dr => 1 }
	    grep { $_->{integration_type} eq 'jira' } values %saved;
	my ($at, @named) = ('');
	while (1) {
		my $answer = $way{fcgi}->("limit=1$at", key => $key{jira});
		my $next = next_of($answer) // last;
		push @named, unpack 'H*', substr decode_base64url($next), 10;
		$at = "&cursor=$next";
	}
	cmp_ok(scalar @named, '>', 10, 'many cursors of a key for some types');
	is(join(' ', grep { !$mine{$_} } @named), '', 'name rows of those');
}

# A slug with U+0000 is none that a query could name.
save('nul', scope_data => { org_slug => "acme\0x", workspace_id => "\0" });
lists('org_slug=acme', 'a', 'nor is it what stands before');
lists('workspace_id=', '', 'nor nothing');

# -- length

{
	my $large = 'x' x 300_000;
	save("large-$_", metadata => { description => $large }) for 1 .. 7;
	for my $way (@ways) {
		my $walked = walk($way, 'q=large&limit=200');
		is($walked, 'large-7 large-6 large-5|large-4 large-3 large-2|'
		    . 'large-1', "$way: a page is no longer than 1 MiB");
	}
	cmp_ok(length $way{http}->('q=large')->{body}, '<', 1 << 20,
	    'none at all');
}

# -- the route

for my $way (@ways) {
	my $ask = $way{$way};
	is($ask->('limit=1', path => LIST . '/')->{status}, 200,
	    "$way: with a slash");
	answer_is($ask->('limit=1', path => LIST . '//'), 404,
	    '{"detail":"Not Found"}', "$way: with two it is another");
	answer_is($ask->('limit=1', key => undef), 401,
	    '{"detail":"API key is required"}', "$way: without a key");
	answer_is($ask->('zz=1', key => $key{save}), 403,
	    '{"detail":"API key lacks the scope: read"}',
	    "$way: without the scope");
	for my $method (qw(POST PUT PATCH DELETE OPTIONS)) {
		my $said = $ask->('zz=1', method => $method, body => '{}',
		    length => 2, type => 'application/json');
		answer_is($said, 405, '{"detail":"Method Not Allowed"}',
		    "$way: $method");
		is($said->{headers}{allow}, 'GET, HEAD', "$way: Allow");
	}
	is($ask->('limit=1', body => '{"limit":', length => 9)->{status}, 200,
	    "$way: a body is read and forgotten");
	is($ask->('zz=%00&limit=0', path => LIST
	    . "/$saved{d}{integration_id}")->{status}, 200,
	    "$way: a query on another route is ignored");
}

# -- what goes wrong

$house->tamper("UPDATE integrations SET created_at = '2999-01-01' WHERE "
    . "unique_identifier = 'e'");
for my $way (qw(fcgi cgi)) {
	answer_is($way{$way}->('q=of+e&limit=1&unique_identifier=e'), 200,
	    $way{fcgi}->('unique_identifier=e')->{body},
	    "$way: a strange row alone is told as it is");
	answer_is($way{$way}->('limit=1'), 500, '{"success":false,"data":null,'
	    . '"error":"Failed to list integrations: Database connection '
	    . 'failed"}', "$way: but no page goes on behind it");
}
$house->log_says(qr/does not make sense; run strongroom check/);
finish(), exit if $house->{server};
rename $house->{database}, "$house->{database}.away" or die $!;
answer_is($way{fcgi}->('limit=1'), 500, '{"success":false,"data":null,"error":'
    . '"Failed to list integrations: Database connection failed"}',
    'a database that is away');
rename "$house->{database}.away", $house->{database} or die $!;

finish();
