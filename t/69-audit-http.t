#!/usr/bin/perl
# The audit over HTTP: a user's own rows, newest first, by pages, through nginx
# and by CGI; and nothing in them that counts what others do.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);

use constant AUDIT => '/api/v2/audit';

my $house = house();
$house->worker;
$house->nginx;
my %door = map { my $name = $_; $name => sub { $house->$name(@_) } }
    qw(http cgi);

sub make {
	my ($user, @args) = @_;
	my $text = $house->admin_ok(qw(key create --user), $user, @args);
	chomp $text;
	return $text;
}

sub save {
	my ($key, $name, $type) = @_;
	return saved_ok($house->fcgi(key => $key, body => '{"name":"n",'
	    . "\"integration_type\":\"$type\",\"unique_identifier\":\"$name\"}"
	    ), "$name is saved")->{integration_id};
}

my $anna = make('anna', '--scopes', 'save,read,admin');
my $bert = make('bert', '--scopes', 'save,admin');
my $plain = make('anna');
my $narrow = make('anna', '--scopes', 'admin', '--types', 'jira');
my (@ids, @all);
for my $n (1 .. 8) {
	save($bert, "b$n", 'jira') for 1 .. 2;
	push @ids, save($anna, "a$n", $n % 2 ? 'jira' : 'github');
}
# What the database has of it, newest first.
sub shown {
	my ($row) = @_;
	my $subject = decode($row->{subject});
	return +{ (map { ($_ => $row->{$_}) } qw(at action integration_id
	    request_id)), map { ($_ => $subject->{$_}) } qw(key address fields) };
}
@all = map { shown($_) }
    $house->rows('SELECT at, action, integration_id, request_id, subject FROM '
    . "audit WHERE subject LIKE '{\"user\":\"anna\"%' ORDER BY seq DESC");
is(scalar @all, 8 + 3, 'rows of the user');

for my $name (sort keys %door) {
	my $get = sub {
		my ($query, $key, @more) = @_;
		return $door{$name}->(method => 'GET', path => AUDIT,
		    query => $query, key => $key // $anna, type => undef,
		    @more);
	};
	my $page = sub {
		my ($query, $key) = @_;
		my $data = saved_ok($get->($query, $key), "$name: $query");
		return (($data->{audit} // []), $data->{next_cursor});
	};

	answer_is($get->('', $plain), 403,
	    '{"detail":"API key lacks the scope: admin"}',
	    "$name: it wants admin");
	my ($rows, $next) = $page->('');
	is_deeply($rows, \@all, "$name: newest first, the user's own");
	is($next, undef, "$name: all of them");
	like($get->('')->{body}, qr/\A\{"success":true,"data":\{"audit":\[
	    \{"at":"[^"]+","action":"save","integration_id":"[^"]+",
	    "request_id":"[^"]+","key":"\w{8}","address":"127\.0\.0\.1",
	    "fields":\["name","integration_type","unique_identifier"\]\},/x,
	    "$name: members in their order");
	is($get->('limit=50&', $bert)->{body} =~ tr/{//, 2 + 16 + 1,
	    "$name: another has his own");

	# By pages, of every length.
	for my $limit (1, 3, 10, 11, 200) {
		my (@seen, @cursors);
		my $query = "limit=$limit";
		do {
			($rows, $next) = $page->($query);
			push @seen, @$rows;
			push @cursors, $next if defined $next;
			$query = "cursor=$next&limit=$limit" if defined $next;
			cmp_ok(scalar @$rows, '<=', $limit,
			    "$name: $limit at most");
		} while (defined $next && @cursors < 20);
		is_deeply(\@seen, \@all, "$name: all by pages of $limit");
		is(scalar(grep { !/\A[\w-]{34}\z/ } @cursors), 0,
		    "$name: cursors that say nothing");
	}
	($rows, $next) = $page->("integration_id=$ids[2]&limit=1");
	is_deeply([map { $_->{integration_id} } @$rows], [$ids[2]],
	    "$name: those of an integration");
	($rows) = $page->("integration_id=\U$ids[2]");
	is(scalar @$rows, 1, "$name: in any case");
	($rows) = $page->("integration_id=$ids[2]", $bert);
	is(scalar @$rows, 0, "$name: another's has none");
	my ($hidden) = $page->('', $narrow);
	is_deeply($hidden, [grep { my $id = $_->{integration_id};
	    !$id || grep { $id eq $ids[$_] } 0, 2, 4, 6 } @all],
	    "$name: those of the types that a key may see");

	# What a cursor is not.
	(undef, $next) = $page->('limit=1');
	my (undef, $berts) = $page->('limit=1', $bert);
	my $flipped = $next;
	substr($flipped, 20, 1) =~ tr/A-Za-z/B-ZAb-za/
	    or substr($flipped, 20, 1) = 'A';
	faults_at($get->("cursor=$_"), ['cursor', 'invalid cursor',
	    'value_error.cursor'], "$name: cursor $_") for '', 'x', $flipped,
	    $berts, "${next}A", substr($next, 1);
	faults_at($get->('limit=0'), ['limit', 'ensure this value is greater '
	    . 'than or equal to 1', 'value_error.number.not_ge'],
	    "$name: limit=0");
	faults_at($get->('limit=201'), ['limit', 'ensure this value is less '
	    . 'than or equal to 200', 'value_error.number.not_le'],
	    "$name: limit=201");
	faults_at($get->('integration_id=5&limit=x'), ['integration_id',
	    'value is not a valid uuid', 'type_error.uuid'], ['limit',
	    'value is not a valid integer', 'type_error.integer'],
	    "$name: two faults");
	faults_at($get->('integration=5'), ['integration',
	    'extra fields not permitted', 'value_error.extra'],
	    "$name: an unknown parameter");
	answer_is($get->('', undef, method => 'HEAD'), 200, '',
	    "$name: HEAD");
	my $post = $get->('', undef, method => 'POST');
	is_deeply([$post->{status}, $post->{headers}{allow}],
	    [405, 'GET, HEAD'], "$name: nothing else");
}

# Neighbours in the chain do not look alike, and the same place is the same.
sub cursors {
	my ($key) = @_;
	my ($next, @got);
	for (1 .. 5) {
		my $data = decode($house->fcgi(method => 'GET', path => AUDIT,
		    key => $key, type => undef, query => 'limit=1'
		    . (defined $next ? "&cursor=$next" : ''))->{body})->{data};
		push @got, $next = $data->{next_cursor};
	}
	return @got;
}
my @cursors = cursors($anna);
is_deeply([cursors($anna)], \@cursors, 'the same place is the same cursor');
my %seen = map { substr($_, 2, 16) => 1 } @cursors;
is(scalar keys %seen, 5, 'and no two have a piece in common');

# What cannot be read is not left out: who can mend it is told how.
my ($kept) = $house->rows('SELECT subject FROM audit WHERE seq = 1');
$house->tamper('UPDATE audit SET subject = \'{"user":"anna"\' WHERE seq = 1');
answer_is($house->fcgi(method => 'GET', path => AUDIT, key => $anna,
    type => undef), 500, '{"success":false,"data":null,"error":"Failed to read '
    . 'audit: Internal error"}', 'a row that cannot be read');
ok($house->log_says(qr/ error .*strongroom audit verify/),
    'the log says what to do');
$house->tamper("UPDATE audit SET subject = '$kept->{subject}' WHERE seq = 1");

# Erased, they are nobody's.
$house->admin_ok(qw(user erase anna));
my $new = make('anna', '--scopes', 'admin');
my $data = decode($house->fcgi(method => 'GET', path => AUDIT, key => $new,
    type => undef)->{body})->{data};
is_deeply([map { $_->{action} } @{ $data->{audit} }], ['key_create'],
    'who comes back after an erasure sees nothing of before');

finish();

sub faults_at {
	my ($answer, @faults) = @_;
	my $name = pop @faults;
	answer_is($answer, 422, '{"detail":[' . join(',', map {
	    "{\"loc\":[\"query\",\"$_->[0]\"],\"msg\":\"$_->[1]\","
	    . "\"type\":\"$_->[2]\"}" } @faults) . ']}', $name);
}
