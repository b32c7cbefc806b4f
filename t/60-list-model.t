#!/usr/bin/perl
# Lists of integrations beside a model of their own: 3,000 rows by chance, and
# queries by chance, each walked from cursor to cursor to its end; every page
# byte for byte.

use strict;
use warnings;
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use POSIX qw(strftime);
use Test::More;
use Time::Local qw(timegm);
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Seed;

use constant { ROWS => 3000, LOOKS => 2000, WALKS => 150, PAGES => 40 };

my $seed = seeded(60);

my @types = qw(sentry jira linear confluence slack github);
my @states = qw(valid expiring expired unknown);
my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub one_of { $_[rand @_] }
sub uuid {
	my $hex = unpack 'H*', pack 'N4', map { int rand 2 ** 32 } 1 .. 4;
	substr $hex, 12, 1, one_of(4, 7);
	substr $hex, 16, 1, one_of(8, 9, 'a', 'b');
	return join '-', unpack 'A8A4A4A4A12', $hex;
}
sub moment {
	my ($seconds, $us) = @_;
	return strftime('%Y-%m-%dT%H:%M:%S', gmtime $seconds)
	    . sprintf '.%06d', $us;
}

# -- the rows

my $now = time;
# Many share a moment; none that expires does so while this runs.
my @created = map { moment($now - int rand 1e8, int rand 1e6) } 1 .. 700;
my @expires = ((undef) x 30, map { moment($now + $_, int rand 1e6) }
    map({ -7200 - int rand 1e8 } 1 .. 30), map({ 7200 + int rand 5e5 } 1 .. 20),
    map({ 700_000 + int rand 1e8 } 1 .. 30));
my @slugs = ((undef) x 4, 'acme', 'ACME', '7', '123456789012345678901',
    "caf\xe9", 'a b&c=d+e%41');
my @tags = ('', 'a', 'A', 'prod', 'a"b', 'a\\b', "\\", "x,y", ']', '[', '}',
    "\xe9\x{1f600}", "tab\there", 'tags', '"tags":["prod"]');
my @parts = ('Prod', 'prod', ' ', 'JIRA', 'jIr', "\xc9\xe9", 'x' x 20, '%',
    '_', "\x{1f600}", '"', '\\', 'aaab', 'aaa');

sub metadata {
	my ($name) = @_;
	my $tags = join ',', map { $json->encode($_) }
	    map { one_of(@tags) } 1 .. rand 4;
	my $text = '{"instance_name":' . $json->encode(one_of($name,
	    '","tags":["prod"]')) . ',"created_via":"manual","version":null,'
	    . '"description":' . $json->encode(one_of(undef, '"tags":["a"]'))
	    . ",\"tags\":[$tags]";
	$text .= ',"more":{"tags":["prod","a"]}' if rand() < 0.3;
	return ("$text}", decode("[$tags]"));
}

sub row {
	my ($n) = @_;
	my $name = join '', map { one_of(@parts) } 0 .. rand 5;
	my ($metadata, $tags) = metadata($name);
	return { integration_id => uuid(), name => $name,
	    created_by => one_of(('user_abc123') x 5, 'other'),
	    integration_type => one_of(@types, ('jira') x 6),
	    status => one_of(qw(active active inactive pending error)),
	    active => int rand 2, unique_identifier => one_of("id-$n", "ID $n",
	    "\xe9+$n&"), created_at => one_of(@created),
	    updated_at => one_of(@created), has_auth_data => int rand 2,
	    has_scope_data => int rand 2, revision => 1 + int rand 9,
	    expires_at => one_of(@expires), org_slug => one_of(@slugs),
	    workspace_id => one_of(@slugs), metadata => $metadata,
	    tags => $tags };
}

sub sql {
	my ($value) = @_;
	return 'NULL' if !defined $value;
	utf8::encode(my $bytes = "$value");
	return "CAST(x'" . unpack('H*', $bytes) . "' AS TEXT)";
}

my @columns = qw(integration_id created_by unique_identifier name
    integration_type status created_at updated_at expires_at org_slug
    workspace_id);
my @numbers = qw(active has_auth_data has_scope_data revision);
my @rows = map { row($_) } 1 .. ROWS;
my $house = house();
spew("$house->{dir}/rows.sql", join "\n", 'BEGIN;', (map {
	my $row = $_;
	'INSERT INTO integrations (' . join(', ', @columns, @numbers,
	    'metadata') . ') VALUES (' . join(', ', (map { sql($row->{$_}) }
	    @columns), @$row{@numbers}, "CAST(x'"
	    . unpack('H*', $row->{metadata}) . "' AS TEXT)") . ');';
} @rows), 'COMMIT;');
$house->tamper(".read '$house->{dir}/rows.sql'");

# -- who asks

sub narrow { $house->admin_ok('key', 'create', '--user', @_) =~ s/\n//r }
my @askers = map { { user => $_->[0], key => narrow($_->[0],
    $_->[1] ? ('--types', $_->[1]) : ()), types => { map { $_ => 1 }
    $_->[1] ? split /,/, $_->[1] : @types } } }
    ['user_abc123'], ['user_abc123'], ['user_abc123', 'github,slack'],
    ['user_abc123', 'sentry'], ['other'], ['other', 'jira'], ['nobody'];

# -- what is asked

sub encoded {
	my ($text) = @_;
	utf8::encode($text);
	return $text =~ s/([^A-Za-z0-9._~-])/$1 eq ' ' && rand() < 0.5 ? '+'
	    : sprintf rand() < 0.5 ? '%%%02x' : '%%%02X', ord $1/ger;
}

sub question {
	my %q;
	$q{limit} = one_of(1, 20, 50, 199, 200) if rand() < 0.8;
	$q{integration_type} = one_of(@types) if rand() < 0.2;
	$q{status} = one_of(qw(active inactive pending error)) if rand() < 0.2;
	$q{active} = one_of(qw(true FALSE 1 0 On off yes No t F y N))
	    if rand() < 0.2;
	$q{unique_identifier} = one_of(one_of(@rows)->{unique_identifier},
	    'none', '') if rand() < 0.1;
	$q{org_slug} = one_of(map { $_ // '' } @slugs) if rand() < 0.15;
	$q{workspace_id} = one_of(map { $_ // '' } @slugs) if rand() < 0.1;
	$q{tag} = one_of(@tags, 'absent') if rand() < 0.2;
	$q{q} = one_of('prod', 'JIRA', 'AAAB', "\xe9", "\xc9", 'zz', '%', 'X',
	    ' ') if rand() < 0.2;
	$q{token_state} = one_of(@states) if rand() < 0.25;
	$q{expires_before} = one_of($now, $now - 5e7, "$now.5", moment($now
	    + 1e7, 3) . 'Z', '2200-01-01T00:00+01:00', grep { defined }
	    @expires) if rand() < 0.2;
	return %q;
}

# -- the model

my $true = qr/\A(?:true|1|on|yes|t|y)\z/i;
my $state_now = moment($now, 0);
my $state_soon = moment($now + 7 * 86400, 0);

sub state_of {
	my ($row) = @_;
	my $at = $row->{expires_at} // return 'unknown';
	return $at lt $state_now ? 'expired' : $at lt $state_soon ? 'expiring'
	    : 'valid';
}

sub before {
	my ($text) = @_;
	return moment($1, ($2 // 0) * 1e6)
	    if $text =~ /\A(\d+)(\.\d+)?\z/;
	my ($at, $us, $zone) = $text =~
	    /\A([-0-9]+T[0-9:]+?)(?:(?<=:\d\d:\d\d)\.(\d+))?(Z|\+01:00)?\z/
	    or die $text;
	my ($y, $m, $d, $h, $min, $s) = split /[-T:]/, $at;
	return moment(timegm($s // 0, $min, $h, $d, $m - 1, $y)
	    - (($zone // '') eq '+01:00' ? 3600 : 0), $us // 0);
}

sub wanted {
	my ($row, $q) = @_;
	for my $name (qw(status org_slug workspace_id)) {
		return 0 if defined $q->{$name}
		    && $q->{$name} ne ($row->{$name} // "\0");
	}
	return 0 if defined $q->{active}
	    && ($q->{active} =~ $true ? 1 : 0) != $row->{active};
	return 0 if defined $q->{tag}
	    && !grep { $_ eq $q->{tag} } @{ $row->{tags} };
	if (defined $q->{q}) {
		my ($part, $name) = ($q->{q}, $row->{name});
		tr/A-Z/a-z/ for $part, $name;
		return 0 if index($name, $part) < 0;
	}
	return !defined $q->{token_state}
	    || $q->{token_state} eq state_of($row);
}

# The rows that are looked at, in order, and the order's number.
sub looked_at {
	my ($asker, $q) = @_;
	my $state = $q->{token_state} // 'unknown';
	my $by_expiry = defined $q->{expires_before} || $state ne 'unknown';
	my @list = grep { $_->{created_by} eq $asker->{user}
	    && $asker->{types}{ $_->{integration_type} }
	    && (!defined $q->{integration_type}
	    || $q->{integration_type} eq $_->{integration_type})
	    && (!defined $q->{unique_identifier}
	    || $q->{unique_identifier} eq $_->{unique_identifier}) } @rows;
	return (1, sort { $b->{created_at} cmp $a->{created_at}
	    || $b->{integration_id} cmp $a->{integration_id} } @list)
	    if !$by_expiry;
	my $before = defined $q->{expires_before}
	    ? before($q->{expires_before}) : '~';
	return (2, sort { $a->{expires_at} cmp $b->{expires_at}
	    || $a->{integration_id} cmp $b->{integration_id} }
	    grep { defined $_->{expires_at} && $_->{expires_at} lt $before
	    && ($state eq 'unknown' || state_of($_) eq $state) } @list);
}

sub cursor {
	my ($sort, $row) = @_;
	my $at = $row->{ $sort == 1 ? 'created_at' : 'expires_at' };
	my ($y, $m, $d, $h, $min, $s, $us) = split /[-T:.]/, $at;
	my $at_us = timegm($s, $min, $h, $d, $m - 1, $y) * 1_000_000 + $us;
	return encode_base64url(pack 'CCq>H32', 1, $sort, $at_us,
	    $row->{integration_id} =~ tr/-//dr);
}

sub bool { $_[0] ? 'true' : 'false' }

sub item {
	my ($row) = @_;
	return $row->{item} if defined $row->{item};
	my @members = map { $_ => $json->encode($row->{$_}) } qw(integration_id
	    name integration_type status);
	push @members, active => bool($row->{active});
	push @members, map { $_ => $json->encode($row->{$_}) }
	    qw(unique_identifier created_by created_at);
	push @members, map { $_ => bool($row->{$_}) } qw(has_auth_data
	    has_scope_data);
	push @members, metadata => $row->{metadata},
	    updated_at => $json->encode($row->{updated_at}),
	    revision => $row->{revision}, token_state => '"' . state_of($row)
	    . '"', expires_at => $json->encode($row->{expires_at});
	my @pairs;
	while (my ($name, $value) = splice @members, 0, 2) {
		push @pairs, "\"$name\":$value";
	}
	return $row->{item} = '{' . join(',', @pairs) . '}';
}

# The next page of a list: its rows, and the cursor behind it or undef.
sub page {
	my ($list, $sort, $q) = @_;
	my $limit = $q->{limit} // 50;
	my (@page, $last);
	for my $look (1 .. LOOKS) {
		last if @page == $limit || !@$list;
		$last = shift @$list;
		push @page, $last if wanted($last, $q);
	}
	return (\@page, @$list ? cursor($sort, $last) : undef);
}

# -- the walks

$house->worker;
$house->nginx;
my @doors = (('fcgi') x 30, 'cgi', ('http') x 5);
my %seen;

sub ask {
	my ($asker, $q, $cursor) = @_;
	my @pieces = map { "$_=" . encoded($q->{$_}) } keys %$q;
	splice @pieces, rand @pieces, 0, "cursor=$cursor" if defined $cursor;
	# CGI takes no query for words of a command line.
	my $query = @pieces ? join '&', @pieces : 'limit=50';
	my $door = one_of(@doors);
	$seen{$door}++;
	return $house->$door(method => 'GET', path => '/api/v2/integrations'
	    . one_of('', '', '/'), query => $query, type => undef,
	    key => $asker->{key});
}

# What goes wrong on the way through one list, or nothing.
sub walk {
	my ($asker, %q) = @_;
	my ($sort, @list) = looked_at($asker, \%q);
	my @all = grep { wanted($_, \%q) } @list;
	my ($cursor, @got);
	for my $number (1 .. PAGES) {
		my ($page, $next) = page(\@list, $sort, \%q);
		my $expected = '{"success":true,"data":{"integrations":['
		    . join(',', map { item($_) } @$page) . '],"next_cursor":'
		    . (defined $next ? "\"$next\"" : 'null')
		    . '},"error":null}';
		my $answer = ask($asker, \%q, $cursor);
		$seen{pages}++;
		$seen{empty}++ if !@$page && defined $next;
		$seen{short}++ if @$page && defined $next
		    && @$page < ($q{limit} // 50);
		return "page $number is $answer->{status} "
		    . substr($answer->{body}, 0, 3000) . "\nand not "
		    . substr $expected, 0, 3000
		    if $answer->{status} != 200
		    || $answer->{body} ne $expected;
		push @got, $answer->{body} =~ /[\[,]\{"integration_id":"([^"]+)"/g;
		($cursor) = $answer->{body} =~ /"next_cursor":"([^"]+)"/;
		last if !defined $cursor;
	}
	return if defined $cursor;
	$seen{ended}++;
	$seen{by_expiry}++ if $sort == 2;
	$seen{whole}++ if @got > 1000;
	my $is_all = join(' ', sort @got) eq join ' ', sort
	    map { $_->{integration_id} } @all;
	return $is_all ? () : 'not each comes exactly once';
}

# The longest name of the newest that are looked at: few rows have it, and at
# least one, so that a page of them ends short of its limit.
sub longest_name {
	my ($asker) = @_;
	my (undef, @list) = looked_at($asker, {});
	my @names = map { $_->{name} } @list[0 .. LOOKS / 2];
	return (sort { length $b <=> length $a } @names)[0];
}

# The first are no matter of chance: what is to be seen is.
my @first = ({ limit => 200 }, { limit => 200 }, { tag => 'absent' },
    { tag => 'absent' }, { limit => 200, q => longest_name($askers[0]) });
my @wrong;
for my $n (1 .. WALKS) {
	my $first = shift @first;
	my $asker = $first ? $askers[0] : one_of(@askers);
	my %q = $first ? %$first : question();
	my ($fault) = walk($asker, %q);
	push @wrong, "$asker->{user}, " . join(',', keys %{ $asker->{types} })
	    . ', ' . $json->encode(\%q) . ": $fault" if defined $fault;
	last if @wrong > 3;
}
is(join("\n", @wrong), '', WALKS . ' lists are what the model says')
    || diag("SR_SEED=$seed");
cmp_ok($seen{$_} // 0, '>=', $seen{least}{$_} // 1, "seen: $_")
    for qw(pages empty short ended by_expiry whole fcgi cgi http);
note(join ', ', map { "$_ $seen{$_}" } grep { !ref $seen{$_} } sort keys %seen);

finish();
